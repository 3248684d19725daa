//! Grey images at another size, the note in a shard's header that says so, and images with their contrast equalised.

mod border;
mod clahe;
mod placement;
mod resize;
mod resized;
mod view;
mod windows;

pub use border::reflect_101;
pub use clahe::Clahe;
pub use placement::{Fit, Placement};
pub use resize::{Filter, resize};
pub use resized::Resized;
pub use view::View;
pub use windows::Windows;
