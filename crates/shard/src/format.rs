//! The byte layout. (Drawn here by the format's first commit.)
