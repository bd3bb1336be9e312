//! Datasets on disk, and what becomes of them: clips, labels, parts.
//!
pub mod archives;
mod clip;
pub mod demo;
pub mod duplicates;
pub mod features;
pub mod fingerprint;
pub mod overlap;
pub mod policy;
pub mod quality;
mod reason;
pub mod scan;
pub mod sources;
pub mod split;
pub mod study;
pub mod table;

pub use clip::{
    Clip, Decision, Form, Label, Obstacle, Opinion, PersonId, Rating, SameSound, Sound, SoundFacts, Subject, Verdict,
};
pub use policy::LabelPolicy;
pub use reason::Reason;
pub use sources::SourceKind;
