//! Datasets on disk, and what becomes of them: clips, labels, parts.
//!
//! A source (one file each in [`sources`]) reads a dataset's own tables into [`Clip`]s; [`archives`] unpacks one that comes
//! packed. [`scan`] finds the datasets in a folder and measures their sounds ([`quality`], [`fingerprint`]). The
//! [`LabelPolicy`] turns all of this into a [`Verdict`]; [`duplicates`] and [`overlap`] find what is there twice. A
//! [`study`] holds everything and remembers it on disk, [`split`] draws the parts, and [`table`] is the study as one table,
//! with its paths as [`path_text`]; [`picture_tree`] is its used recordings as the paper's pictures. [`guard`] keeps what is
//! written out of the datasets.

pub mod archives;
mod clip;
pub mod demo;
pub mod duplicates;
pub mod features;
pub mod fingerprint;
pub mod guard;
pub mod overlap;
pub mod path_text;
pub mod picture_tree;
pub mod policy;
pub mod quality;
mod reason;
pub mod scan;
pub mod sources;
pub mod split;
pub mod study;
pub mod table;
pub mod toml_text;
mod words;

pub use clip::{
    Clip, Decision, Form, Label, Obstacle, Opinion, PersonId, Rating, SameSound, Sound, SoundFacts, Subject, Verdict,
};
pub use policy::LabelPolicy;
pub use reason::Reason;
pub use sources::SourceKind;
pub use words::in_plain_words;
