//! Starts Spark's Connect server: one process, or a standalone cluster of master, workers and server.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use super::home::{Home, Java};
use super::java::Programs;
use super::log;
use super::settings::Settings;
use crate::engine::{Job, failure};
use crate::process_group::ProcessGroup;
use crate::spill::SpillDir;
use crate::sql_wire::{SqlFailure, class};

/// How long a part of the server may take to start; a busy machine takes minutes.
const PATIENCE: Duration = Duration::from_secs(300);
/// Heap of a standalone master or worker, which only hand out work.
const DAEMON_MIB: u64 = 256;
const MASTER: &str = "org.apache.spark.deploy.master.Master";
const WORKER: &str = "org.apache.spark.deploy.worker.Worker";
const SUBMIT: &str = "org.apache.spark.deploy.SparkSubmit";
const CONNECT: &str = "org.apache.spark.sql.connect.service.SparkConnectServer";

/// A running server. Dropped, it is killed with all that belongs to it.
pub struct Server {
    // Ends before its folder goes.
    group: ProcessGroup,
    folder: SpillDir,
    /// `sc://localhost:port`.
    pub url: String,
    /// Without it the server answers nobody.
    pub secret: String,
    pub settings: Settings,
}

impl Server {
    /// Starts all processes and waits until the server listens; `doing` hears how long it takes.
    ///
    /// # Errors
    /// Class `Unavailable` with the log's lines that matter and what to try; an interrupt. Nothing is left running.
    pub fn start(home: &Home, java: &Java, settings: Settings, job: &Job, doing: &dyn Fn(&str)) -> Result<Server, SqlFailure> {
        if settings.workers.is_some() && !java.vector {
            let message = format!(
                "the executors of a cluster need the module jdk.incubator.vector, which {} does not have; install a JDK, or start without --workers",
                java.program.display()
            );
            return Err(failure(class::UNAVAILABLE, message));
        }
        let refuse = |what: &str, error: std::io::Error| failure(class::UNAVAILABLE, format!("Spark cannot be started: {what}: {error}"));
        let folder = SpillDir::create().map_err(|error| refuse("no private folder", error))?;
        let secret = random().map_err(|error| refuse("no random number", error))?;
        let programs = Programs { home, java, folder: folder.path(), secret: &secret };
        programs.prepare().map_err(|error| refuse("its files", error))?;
        let group = ProcessGroup::new().map_err(|error| refuse("its guard", error))?;
        let mut start = Start { group, programs: &programs, begun: Instant::now(), job, doing };
        let master = match settings.workers {
            None => format!("local[{}]", settings.threads),
            Some(workers) => start.cluster(workers, &settings)?,
        };
        let address = start.connect(&master, &settings)?;
        let (_, port) = address.rsplit_once(':').unwrap_or(("", &address));
        // The client takes `localhost`, and no other name, for a place to which a secret may go without encryption.
        let url = format!("sc://localhost:{port}");
        let group = start.group;
        Ok(Server { group, folder, url, secret, settings })
    }

    /// Private folder: tables for the server, logs.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Why it no longer runs; `None` while it does.
    pub fn ended(&mut self) -> Option<SqlFailure> {
        let (name, status) = self.group.ended()?;
        let log = log_of(self.folder.path(), &name);
        let text = log::essence(&log);
        // 52 is Spark's own code for memory that ran out.
        let memory = status.code() == Some(52) || text.contains("OutOfMemoryError");
        let end = describe(status);
        let restart = "`%engine start spark` starts a fresh one; its tables and views are gone, files and variables are kept";
        Some(match memory {
            true => failure(
                class::OUT_OF_MEMORY,
                format!("Spark's {name} ran out of memory and ended; start it with more: `%engine start spark --memory 4g`"),
            ),
            false if text.is_empty() => failure(class::UNAVAILABLE, format!("Spark's {name} ended: {end}. {restart}")),
            false => failure(class::UNAVAILABLE, format!("Spark's {name} ended: {end}. {restart}\n{text}")),
        })
    }

    pub fn resident_bytes(&self) -> Option<u64> {
        self.group.resident_bytes()
    }

    /// Ends it in order, within some seconds; at once when the user does not want to wait.
    pub fn stop(self, job: &Job) {
        self.group.stop(&|| job.stopped().is_some());
    }
}

/// A server that is being started.
struct Start<'a> {
    group: ProcessGroup,
    programs: &'a Programs<'a>,
    begun: Instant,
    job: &'a Job,
    doing: &'a dyn Fn(&str),
}

impl Start<'_> {
    /// Master and workers; returns the master's address.
    fn cluster(&mut self, workers: usize, settings: &Settings) -> Result<String, SqlFailure> {
        let options = ["-Dspark.authenticate=true", "-Dspark.master.rest.enabled=false", "-Dspark.ui.killEnabled=false"].map(str::to_owned);
        let mut command = self.programs.command(MASTER, DAEMON_MIB, &options);
        command.args(["--host", "127.0.0.1", "--port", "0", "--webui-port", "0"]);
        let log = self.run("master", &mut command)?;
        let master = self.wait("Spark's master", &log, || log::word_after(&log, "Starting Spark master at "))?;
        let mut logs = Vec::new();
        for number in 1..=workers {
            let mut command = self.programs.command(WORKER, DAEMON_MIB, &options);
            command.args(["--host", "127.0.0.1", "--webui-port", "0", "--cores", &settings.cores_per_worker().to_string()]);
            command.arg("--memory").arg(format!("{}m", settings.memory_mib));
            command.arg("--work-dir").arg(self.programs.folder.join(format!("worker-{number}"))).arg(&master);
            logs.push(self.run(&format!("worker {number}"), &mut command)?);
        }
        for (index, log) in logs.iter().enumerate() {
            let what = format!("Spark's worker {} of {workers}", index + 1);
            self.wait(&what, log, || (log::count(log, "Successfully registered with master") > 0).then_some(()))?;
        }
        Ok(master)
    }

    /// The Connect server; returns its address.
    fn connect(&mut self, master: &str, settings: &Settings) -> Result<String, SqlFailure> {
        let scratch = self.programs.folder.join("scratch");
        let mut conf: Vec<(&str, String)> = vec![
            ("spark.ui.enabled", "false".to_owned()),
            // The default of 200 would time empty tasks.
            ("spark.sql.shuffle.partitions", settings.threads.to_string()),
            ("spark.default.parallelism", settings.threads.to_string()),
            ("spark.driver.host", "127.0.0.1".to_owned()),
            ("spark.driver.bindAddress", "127.0.0.1".to_owned()),
            ("spark.connect.grpc.binding.address", "127.0.0.1".to_owned()),
            ("spark.connect.grpc.binding.port", "0".to_owned()),
            ("spark.authenticate", "true".to_owned()),
            ("spark.local.dir", scratch.display().to_string()),
            ("spark.sql.warehouse.dir", self.programs.folder.join("warehouse").display().to_string()),
            ("spark.sql.session.timeZone", "UTC".to_owned()),
            // As in the other engines, TIMESTAMP has no time zone.
            ("spark.sql.timestampType", "TIMESTAMP_NTZ".to_owned()),
            // Columns of times of day, which the other engines have.
            ("spark.sql.timeType.enabled", "true".to_owned()),
            ("spark.log.structuredLogging.enabled", "false".to_owned()),
        ];
        if settings.workers.is_some() {
            conf.push(("spark.executor.memory", format!("{}m", settings.memory_mib)));
            conf.push(("spark.executor.cores", settings.cores_per_worker().to_string()));
            conf.push(("spark.cores.max", (settings.cores_per_worker() * settings.workers.unwrap_or(1)).to_string()));
        }
        let mut command = self.programs.command(SUBMIT, settings.memory_mib, &[]);
        command.args(["--master", master]).arg("--properties-file").arg(self.programs.secret_file());
        for (name, value) in conf {
            command.arg("--conf").arg(format!("{name}={value}"));
        }
        command.args(["--class", CONNECT, "spark-internal"]);
        let log = self.run("server", &mut command)?;
        let what = format!("Spark's server ({})", settings.words());
        self.wait(&what, &log, || log::word_after(&log, "Spark Connect server started at: "))
    }

    fn run(&mut self, name: &str, command: &mut Command) -> Result<PathBuf, SqlFailure> {
        let log = log_of(self.programs.folder, name);
        self.group.start(name, command, &log).map_err(|error| {
            failure(class::UNAVAILABLE, format!("Spark's {name} cannot be started: {}: {error}", self.programs.java.program.display()))
        })?;
        Ok(log)
    }

    /// Waits until `ready` has an answer, telling the time every second.
    fn wait<T>(&mut self, what: &str, log: &Path, ready: impl Fn() -> Option<T>) -> Result<T, SqlFailure> {
        let since = Instant::now();
        let mut told = 0;
        loop {
            if let Some(answer) = ready() {
                return Ok(answer);
            }
            self.job.check()?;
            if let Some((name, status)) = self.group.ended() {
                let log = log_of(self.programs.folder, &name);
                let end = describe(status);
                let mut message = format!("Spark's {name} ended while it started: {end}; {}\n{}", log::advice(&log), log::essence(&log));
                // What stops a cluster's executors is only known to its workers.
                let worker = log_of(self.programs.folder, "worker 1");
                if worker.exists() && worker != log {
                    message.push_str(&format!("\nworker 1:\n{}", log::essence(&worker)));
                }
                return Err(failure(class::UNAVAILABLE, message));
            }
            if since.elapsed() > PATIENCE {
                let message = format!("{what} did not start within {} s; {}\n{}", PATIENCE.as_secs(), log::advice(log), log::essence(log));
                return Err(failure(class::UNAVAILABLE, message));
            }
            let seconds = self.begun.elapsed().as_secs();
            if seconds != told {
                told = seconds;
                (self.doing)(&format!("starting {what}: {seconds} s"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

fn log_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}.log", name.replace(' ', "-")))
}

fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("it exited with code {code}"),
        (None, Some(9)) => "it was killed by signal 9 (SIGKILL); if nobody did that, the system ran out of memory".to_owned(),
        (None, Some(signal)) => format!("it was killed by signal {signal}"),
        (None, None) => "its end is unknown".to_owned(),
    }
}

/// 32 random bytes in hexadecimal.
fn random() -> std::io::Result<String> {
    use std::io::Read;
    let mut bytes = [0_u8; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
