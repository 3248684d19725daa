//! Runs pipelines of stages: parse → check → plan → execute → report.
//!
//! # A pipeline file
//!
//! ```toml
//! [pipeline]
//! name = "full"                                  # else the file's own name
//! description = "Two models, one vote."
//!
//! [params]                                       # --set epochs=3 --set data.root=/data/hands
//! epochs = 40
//! data.root = "data/hands"
//!
//! [input.data]                                   # what the user brings: a file or a folder
//! path = "{data.root}/train"
//!
//! [node.radiographs]
//! run  = "decode"                                # the stage: the name of its binary
//! from = "data"                                  # a node or an input, for the port `in`
//! args = { size = 512 }                          # --size=512
//! pipe = true                                    # stream into the one reader, without touching the disk
//!
//! [node.labels]
//! run  = "rasterize-labels"
//! from = ["radiographs"]
//!
//! [node.train]
//! run  = "train"
//! from = "labels"
//! for  = { model = ["unet", "segformer"] }       # runs train[unet] and train[segformer]
//! args = { model = "{model}", epochs = "{epochs}" }
//! seed = 1
//!
//! [node.predict]
//! run  = "predict"
//! from = { in = "labels", checkpoint = "train/best" }   # port = source; a part of a folder
//! for  = { model = ["unet", "segformer"] }       # reads the instance of `train` with the same model
//!
//! [node.vote]
//! run    = "vote"
//! from   = "predict"                             # all instances
//! export = "out/masks.shard"                     # puts a copy there, unless somebody edited what is there
//!
//! [node.score]
//! run  = "score"
//! from = { in = "vote", truth = "labels" }
//! show = true                                    # prints the output, a text, at the end
//! ```
//!
//! `{name}` in a string stands for a parameter or a variable of `for`; a string that is nothing else takes its type
//! too, and `{{` is a brace. A whole number is what an `i64` or a `u64` holds, and every other number is finite. Paths are relative to the folder that the runner is started in. A consumer of an expanded
//! node gets all of its instances, or those whose variables have the values of its own. [`parse::file`] has the
//! types, and the JSON Schema.
//!
//! # From the file to the report
//!
//! **Parse and check** ([`check()`]): the text becomes a tree of values that know their lines; `--set` is applied,
//! parameters are put in, nodes expanded. Each stage is asked for its card (`--describe`) with the very arguments that
//! it will get, and edges are followed from producer to consumer: every port gets what it accepts, every plane that a
//! stage needs is there. Exports get into the way neither of one another nor of inputs nor of the store, however their
//! paths are written. What does not carry the marker of a stage ([`stage::MARKER`]) is not even asked. All faults are told together, each with its line and the nearest name that would be right;
//! nothing starts before there are none. Cards are remembered by the binary's digest.
//!
//! **Plan** ([`plan`]): the unit of work is a step, or a group of steps that stream into one another. Its key is blake3
//! of a [`store::key::Manifest`]: the stage's name and the content of its binary, its arguments with their defaults, the
//! digests of what flows in, what it says it writes, and, where its last bits depend on them, libtorch, the kind of
//! device and the number of threads. The first two are asked of the stage, and all three are settled here, so that the
//! stage gets them on its command line and `-j` changes none. Names of what the user brings are in the key where the
//! card says that the stage reads them; other paths, names of nodes and times are not. The digest of what flows in is the
//! one that the producing stage told of its content, so that a step whose output is as it was cuts off everything
//! downstream. In a pipe, the digest of what flows is not known beforehand, and the writer's manifest stands in its
//! place. A hit needs the result to be there, and whole: every file of its size and content, where the digests of
//! unchanged files are remembered by device, inode, size and nanosecond times ([`store::memo`]). The dry run leads the
//! planner along the graph; the run asks it again as results come in.
//!
//! **Execute** ([`run::execute`]): a unit runs into `work/KEY` of the [`store`], and one rename makes it a result.
//! What it reads, its stages among it, is looked at before it runs and after: where something changed meanwhile, the
//! unit ends with 75, and nothing is kept. Whatever kills a runner, what was complete stays, and a folder that a
//! stage can go on from (`out.partial/`) is handed to it again. A stage that maps records one to one runs only on
//! those that changed since its last result with the same arguments; they are merged with the others, still
//! compressed, into the stream that a run on all would have written. Every member of a pipe group must succeed; the
//! one to blame is the first that failed for a reason of its own. Stages hold the store's lock together with their
//! runner and (on Linux) end with it, so that no two write in one place; the second runner waits and says for whom.
//! The first Ctrl-C asks all stages to end, the second does not ask.
//!
//! **Report** ([`tell::report`]): a table, JSON, and a timeline as one HTML file. `runner why` tells what is different
//! from the last time, down to records and files ([`plan::why`]).
//!
//! # What the runner does not know
//!
//! It knows no planes by name, no bones, no models, and links no libtorch: what it knows of a stage is its card.

pub mod check;
pub mod parse;
pub mod plan;
pub mod run;
pub mod store;
pub mod tell;

pub use check::check;
pub use check::graph::{Input, Source};
pub use parse::file::schema;
