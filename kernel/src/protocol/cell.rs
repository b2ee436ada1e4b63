//! One cell: numbering, history, outputs, user expressions, and the reply.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use jupyter_protocol::{ExecuteInput, ExecuteRequest, ExecutionCount};
use magics::error::MagicError;
use serde_json::{Map, Value, json};

use crate::engine::{Cell, Engine};

use super::cell_io::{Kept, Output};
use super::exchange::{Exchange, panicked, triple};
use super::history::History;
use super::interrupt::{Cancel, Interrupts};
use super::iopub::Iopub;
use super::stdin::Stdin;

/// What cells need of the rest of the kernel.
pub struct Services {
    pub iopub: Iopub,
    pub stdin: Stdin,
    pub history: Arc<History>,
    pub interrupts: Arc<Interrupts>,
}

/// The engine with the count of its cells.
pub struct Session {
    engine: Result<Box<dyn Engine>, MagicError>,
    services: Services,
    /// The number of the next cell.
    count: usize,
}

/// How a cell ended.
pub struct Ended {
    /// Content of the `execute_reply`.
    pub reply: Value,
    /// The cells queued behind must be aborted.
    pub stop: bool,
}

impl Session {
    /// A session whose first cell is number 1. Without an engine every cell answers its error.
    #[must_use]
    pub fn new(engine: Result<Box<dyn Engine>, MagicError>, services: Services) -> Self {
        Self { engine, services, count: 1 }
    }

    /// The IOPub socket.
    #[must_use]
    pub fn iopub(&self) -> &Iopub {
        &self.services.iopub
    }

    /// What interrupts the running cell.
    #[must_use]
    pub fn interrupts(&self) -> Arc<Interrupts> {
        self.services.interrupts.clone()
    }

    /// Runs a cell; `interrupted`: it was interrupted while it waited for the engine.
    pub fn run(&mut self, exchange: &Exchange, interrupted: bool) -> Ended {
        let defaults = json!({ "silent": false, "store_history": true, "stop_on_error": true, "allow_stdin": true });
        let request: ExecuteRequest = match exchange.content(defaults) {
            Ok(request) => request,
            Err(error) => return Ended { reply: error_reply(&error, self.count), stop: false },
        };
        let number = self.count;
        let blank = request.code.trim().is_empty();
        let stored = request.store_history && !request.silent && !blank;
        if stored {
            self.count += 1;
            self.services.history.input(number, &request.code);
        }
        if !request.silent {
            let input = ExecuteInput { code: request.code.clone(), execution_count: ExecutionCount::new(number) };
            self.services.iopub.send(Some(exchange.parent()), "execute_input", &input);
        }
        let cancel = Arc::new(Cancel::default());
        let io = Arc::new(Output {
            iopub: self.services.iopub.clone(),
            parent: exchange.parent().clone(),
            stdin: self.services.stdin.clone(),
            asker: request.allow_stdin.then(|| exchange.request().identities.clone()),
            silent: request.silent,
            execution_count: number,
            cancel: cancel.clone(),
            kept: Mutex::default(),
            asking: Mutex::default(),
        });
        let cell = Cell { code: request.code, execution_count: number, silent: request.silent, store_history: stored, io: io.clone() };
        self.services.interrupts.begin(&cancel);
        let result = if interrupted {
            Err(MagicError::interrupted())
        } else if blank {
            Ok(())
        } else {
            self.execute(&cell)
        };
        let result = result.map(|()| self.expressions(request.user_expressions.into_iter().flatten().collect()));
        self.services.interrupts.end();

        let Kept { result: shown, payloads } = std::mem::take(&mut *io.kept());
        if let (true, Some(text)) = (stored, shown) {
            self.services.history.output(number, text);
        }
        match result {
            Ok(expressions) => Ended {
                reply: json!({
                    "status": "ok", "execution_count": number, "payload": payloads, "user_expressions": expressions
                }),
                stop: false,
            },
            Err(error) => {
                if !request.silent {
                    self.services.iopub.send(Some(exchange.parent()), "error", &triple(&error));
                }
                Ended { reply: error_reply(&error, number), stop: request.stop_on_error && !request.silent }
            }
        }
    }

    /// Ends the engine.
    pub fn shutdown(&mut self, restart: bool) {
        if let Ok(engine) = &mut self.engine
            && catch_unwind(AssertUnwindSafe(|| engine.shutdown(restart))).is_err()
        {
            tracing::error!("shutting the engine down panicked");
        }
    }

    fn execute(&mut self, cell: &Cell) -> Result<(), MagicError> {
        let engine = self.engine.as_mut().map_err(|error| error.clone())?;
        catch_unwind(AssertUnwindSafe(|| engine.execute(cell)))
            .unwrap_or_else(|payload| Err(panicked("running the cell", payload.as_ref())))
    }

    /// Evaluates the request's expressions, in the order of their names; a failing one fails in its place only.
    fn expressions(&mut self, expressions: BTreeMap<String, String>) -> Map<String, Value> {
        let mut results = Map::new();
        for (name, expression) in expressions {
            let result = match self.engine.as_mut() {
                Ok(engine) => catch_unwind(AssertUnwindSafe(|| engine.evaluate(&expression)))
                    .unwrap_or_else(|payload| Err(panicked("evaluating an expression", payload.as_ref()))),
                Err(error) => Err(error.clone()),
            };
            let entry = match result {
                Ok(bundle) => json!({ "status": "ok", "data": bundle.data, "metadata": bundle.metadata }),
                Err(error) => {
                    json!({ "status": "error", "ename": error.name, "evalue": error.message, "traceback": error.shown() })
                }
            };
            results.insert(name, entry);
        }
        results
    }
}

fn error_reply(error: &MagicError, number: usize) -> Value {
    json!({
        "status": "error", "ename": error.name, "evalue": error.message, "traceback": error.shown(),
        "execution_count": number, "user_expressions": {}, "payload": []
    })
}
