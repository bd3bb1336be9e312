//! Datasets on disk, and what becomes of them: clips, labels, parts.
//!
//! A source (one file each in [`sources`]) reads a dataset's own tables into [`Clip`]s; [`scan`] finds the datasets in a
//! folder and decodes; the [`LabelPolicy`] turns each dataset's own words into a [`Verdict`]; a [`study`] holds all of
//! it and remembers it on disk; [`split`] draws the parts.

mod clip;
pub mod demo;
pub mod features;
pub mod overlap;
pub mod policy;
mod reason;
pub mod scan;
pub mod sources;
pub mod split;
pub mod study;
pub mod table;

pub use clip::{Clip, Decision, Form, Label, Obstacle, Opinion, PersonId, Rating, Sound, SoundFacts, Subject, Verdict};
pub use policy::LabelPolicy;
pub use reason::Reason;
pub use sources::SourceKind;
