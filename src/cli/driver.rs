//! Drives a session to the end of its jobs, with progress on standard error.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::CliError;
use crate::session::{Command, Run, RunPhase, Session, Severity, State, Storage, missing_in_words};

/// A session and what was last said about it.
pub(super) struct Driver {
    session: Session,
    /// Overwrite one line (terminal) instead of adding lines (log file).
    terminal: bool,
    last_line: String,
    last_said: Instant,
    epochs_said: usize,
}

/// Time between two lines of progress in a log file; a terminal is redrawn ten times as often.
const LOG_INTERVAL: Duration = Duration::from_secs(2);

impl Driver {
    pub fn new(data_folder: PathBuf) -> Self {
        Self {
            session: Session::new(Arc::new(|| {}), data_folder, Storage::Memory),
            terminal: std::io::stderr().is_terminal(),
            last_line: String::new(),
            last_said: Instant::now(),
            epochs_said: 0,
        }
    }

    pub fn state(&self) -> &State {
        self.session.state()
    }

    /// Sends a command, waits until every job that it started has ended, and passes on what the session says.
    ///
    /// # Errors
    /// The session's error messages, as one.
    pub fn carry_out(&mut self, command: Command) -> Result<(), CliError> {
        self.perform(command);
        self.tell()
    }

    /// Whether the session has an error to tell.
    pub fn has_failed(&self) -> bool {
        self.session.state().messages.iter().any(|message| message.severity == Severity::Error)
    }

    /// Sends a command and waits until every job that it started has ended.
    pub fn perform(&mut self, command: Command) {
        self.session.send(command);
        while self.session.busy() {
            self.session.wait(Duration::from_millis(100));
            self.say_progress();
        }
        self.end_line();
    }

    /// Passes on what the session has said.
    ///
    /// # Errors
    /// The session's error messages, as one.
    pub fn tell(&mut self) -> Result<(), CliError> {
        let state = self.session.state();
        // Why the command fails in the end: said there, with what to do.
        let missing: Vec<String> =
            state.study.sources.iter().filter(|source| !source.present).map(missing_in_words).collect();
        let mut errors = Vec::new();
        for message in state.messages.iter().filter(|message| !missing.contains(&message.text)) {
            match message.severity {
                Severity::Error => errors.push(message.text.clone()),
                Severity::Warning | Severity::Info => eprintln!("{}", message.text),
            }
        }
        let ids: Vec<u64> = self.session.state().messages.iter().map(|message| message.id).collect();
        for id in ids {
            self.session.send(Command::Dismiss(id));
        }
        if errors.is_empty() { Ok(()) } else { Err(CliError::Work(errors.join("\n"))) }
    }

    fn say_progress(&mut self) {
        self.say_epochs();
        let interval = if self.terminal { LOG_INTERVAL / 20 } else { LOG_INTERVAL };
        if self.last_said.elapsed() < interval {
            return;
        }
        let Some(line) = progress_line(self.session.state()) else { return };
        if line == self.last_line {
            return;
        }
        if self.terminal {
            // Carriage return and "erase to the end of the line" (ECMA-48).
            eprint!("\r{line}\x1b[K");
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
        self.last_line = line;
        self.last_said = Instant::now();
    }

    /// One line for each finished epoch, which stays.
    fn say_epochs(&mut self) {
        // A run that was opened has its history already.
        let Some(run) = self.session.state().current_run().filter(|run| run.started.is_some()) else { return };
        let (epochs, known) = (run.plan.as_ref().map_or(0, |plan| plan.epochs), run.history.len());
        let lines: Vec<String> = run
            .history
            .iter()
            .skip(self.epochs_said)
            .map(|record| {
                let auc = record.validation_auc.map_or("not defined".to_owned(), |auc| format!("{auc:.3}"));
                format!(
                    "Epoch {:>2} of {epochs}: loss {:.3}, validation loss {:.3}, validation AUC {auc}",
                    record.epoch, record.train_loss, record.validation_loss
                )
            })
            .collect();
        self.epochs_said = known;
        if !lines.is_empty() {
            self.end_line();
        }
        for line in lines {
            eprintln!("{line}");
        }
    }

    fn end_line(&mut self) {
        if self.terminal && !self.last_line.is_empty() {
            eprint!("\r\x1b[K");
        }
        self.last_line.clear();
    }
}

fn progress_line(state: &State) -> Option<String> {
    if let Some(loading) = &state.loading {
        let count = if loading.total > 0 { format!(" {} of {}", loading.done, loading.total) } else { String::new() };
        return Some(format!("{}{count}", loading.task));
    }
    let run = state.active_run()?;
    let activity = run.activity()?;
    Some(if run.phase == RunPhase::Training { format!("{activity}{}", step_and_time(run)) } else { activity })
}

fn step_and_time(run: &Run) -> String {
    let step = run
        .batches
        .last()
        .zip(run.plan.as_ref())
        .map_or(String::new(), |(batch, plan)| format!(", step {} of {}", batch.batch, plan.batches_per_epoch));
    let left = run.time_left().map_or(String::new(), |left| format!(", {} s left at most", left.as_secs()));
    format!("{step}{left}")
}
