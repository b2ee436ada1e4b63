//! Command lines of Spark's Java programs.
//!
//! Java is started directly: Spark's shell scripts ask for a module that runtimes from PyPI lack, and would stand between the
//! server and this worker.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::home::{Home, Java};

/// Packages of `java.base` that Spark opens by reflection, as its own scripts do.
const OPENED: [&str; 14] = [
    "java.lang",
    "java.lang.invoke",
    "java.lang.reflect",
    "java.io",
    "java.net",
    "java.nio",
    "java.util",
    "java.util.concurrent",
    "java.util.concurrent.atomic",
    "jdk.internal.ref",
    "sun.nio.ch",
    "sun.nio.cs",
    "sun.security.action",
    "sun.util.calendar",
];

/// Logs stay small: warnings, and the lines that name addresses.
const LOGGING: &str = "\
status = error
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss} %p %c{1}: %m%n%ex{short}
logger.connect.name = org.apache.spark.sql.connect.service.SparkConnectServer
logger.connect.level = info
logger.master.name = org.apache.spark.deploy.master.Master
logger.master.level = info
logger.worker.name = org.apache.spark.deploy.worker.Worker
logger.worker.level = info
";

/// What all programs of one server have in common.
pub struct Programs<'a> {
    pub home: &'a Home,
    pub java: &'a Java,
    /// Private folder: working directory, logs, scratch space.
    pub folder: &'a Path,
    /// Shared by the programs and their clients: without it nobody else on this machine can use them.
    pub secret: &'a str,
}

impl Programs<'_> {
    /// Writes the files that the programs read.
    pub fn prepare(&self) -> io::Result<()> {
        fs::write(self.logging(), LOGGING)?;
        fs::write(self.secret_file(), format!("spark.authenticate.secret {}\n", self.secret))?;
        fs::create_dir_all(self.folder.join("scratch"))
    }

    /// Spark's class `name` with a heap of `memory_mib`; `options` are Java's, arguments can be added.
    pub fn command(&self, name: &str, memory_mib: u64, options: &[String]) -> Command {
        let mut command = Command::new(&self.java.program);
        command.arg(format!("-Xmx{memory_mib}m")).args(["-XX:+UseSerialGC", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:-UsePerfData"]);
        command.args(OPENED.map(|package| format!("--add-opens=java.base/{package}=ALL-UNNAMED")));
        command.arg("--add-opens=java.security.jgss/sun.security.krb5=ALL-UNNAMED");
        // Java 25 needs the last two, Java 17 ignores them.
        command.args([
            "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dio.netty.allocator.type=pooled",
            "--sun-misc-unsafe-memory-access=allow",
        ]);
        command.arg("--enable-native-access=ALL-UNNAMED");
        command.arg(format!("-Djava.io.tmpdir={}", self.folder.join("scratch").display()));
        command.arg(format!("-Dlog4j2.configurationFile={}", self.logging().display()));
        command.args(options).arg("-cp").arg(format!("{}/jars/*", self.home.spark.display())).arg(name);
        command.current_dir(self.folder);
        // What a user has set for other Sparks must not change this one.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("SPARK_") || text.starts_with("PYSPARK_") || text == "HADOOP_CONF_DIR" || text == "JDK_JAVA_OPTIONS" {
                command.env_remove(&name);
            }
        }
        command
            .env("SPARK_HOME", &self.home.spark)
            // Workers want it when they start executors; Spark's scripts would set it.
            .env("SPARK_SCALA_VERSION", self.home.scala().unwrap_or_default())
            .env("SPARK_LOCAL_IP", "127.0.0.1")
            .env("SPARK_LOCAL_DIRS", self.folder.join("scratch"))
            .env("SPARK_CONNECT_AUTHENTICATE_TOKEN", self.secret)
            .env("_SPARK_AUTH_SECRET", self.secret);
        command
    }

    /// Settings that others must not see: command lines are public, the folder is not.
    pub fn secret_file(&self) -> PathBuf {
        self.folder.join("secret.conf")
    }

    fn logging(&self) -> PathBuf {
        self.folder.join("log4j2.properties")
    }
}
