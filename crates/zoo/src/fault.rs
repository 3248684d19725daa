//! Errors of libtorch's (`c10::Error`): out of memory, or what else went wrong, in one line.

use std::any::Any;

use tch::TchError;

/// What went wrong in libtorch, in its first line: the C++ stack behind it tells nobody who only runs this anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is too little memory, of the machine or of the device.
    #[error("{0}")]
    OutOfMemory(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// What the messages of allocators have in them, in lower case: of the CPU's, of this crate's, of C++'s, of CUDA's and
/// MPS's, of cuDNN's and cuBLAS's, and of oneDNN's.
const OUT_OF_MEMORY: [&str; 6] = [
    "can't allocate memory",
    "not enough memory",
    "bad_alloc",
    "out of memory",
    "status_alloc_failed",
    "dnnl_out_of_memory",
];

/// How a panic begins in which tch hands on an error of libtorch's.
const PANIC: &str = "called `Result::unwrap()` on an `Err` value: Torch(\"";

impl Fault {
    /// What a text of libtorch's says.
    pub(crate) fn told(text: &str) -> Self {
        let line = text.lines().next().unwrap_or("an error without words").trim_end().to_owned();
        let lower = line.to_lowercase();
        let memory = OUT_OF_MEMORY.iter().any(|words| lower.contains(words));
        if memory { Self::OutOfMemory(line) } else { Self::Other(line) }
    }

    /// What an error of tch's says.
    pub fn of(error: &TchError) -> Self {
        match error {
            TchError::Torch(text) => Self::told(text),
            other => Self::told(&other.to_string()),
        }
    }

    /// What a panic says, where libtorch's error is its cause: all calls of tch without an `f_` before their names
    /// panic with it.
    pub fn of_panic(panic: &(dyn Any + Send)) -> Option<Self> {
        let text = panic.downcast_ref::<String>()?.strip_prefix(PANIC)?;
        // As `Debug` escapes it, up to the end of the first line or of the text.
        let mut line = String::new();
        let mut rest = text.chars();
        while let Some(next) = rest.next() {
            match next {
                '"' => break,
                '\\' => match rest.next() {
                    Some('n') | None => break,
                    Some('t') => line.push('\t'),
                    Some(escaped) => line.push(escaped),
                },
                plain => line.push(plain),
            }
        }
        Some(Self::told(&line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocators_are_told_from_the_rest() {
        for text in [
            "[enforce fail at alloc_cpu.cpp:127] data. DefaultCPUAllocator: can't allocate memory: you tried to \
             allocate 288230376151711744 bytes. Error code 12 (Cannot allocate memory)\nframe #0: c10::…",
            "not enough memory: a tensor of 64 bytes\nException raised from aligned at …",
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of …",
            "MPS backend out of memory (MPS allocated: 17.94 GB, …",
            "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
            "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
            "std::bad_alloc",
        ] {
            let line = text.split('\n').next().expect("a text has a line");
            assert_eq!(Fault::told(text), Fault::OutOfMemory(line.to_owned()));
        }
        let other = "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)\nException raised from …";
        let line = "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)".to_owned();
        assert_eq!(Fault::told(other), Fault::Other(line));
    }

    #[test]
    fn a_panic_of_tchs_says_what_its_error_says() {
        for text in ["a \"word\" of C:\\x\tand\nmore", "std::bad_alloc", ""] {
            let error = TchError::Torch(text.to_owned());
            let panic: Box<dyn Any + Send> =
                Box::new(format!("called `Result::unwrap()` on an `Err` value: {error:?}"));
            let expected = if text.is_empty() { Fault::told("") } else { Fault::of(&error) };
            assert_eq!(Fault::of_panic(&*panic), Some(expected));
        }
        let panic: Box<dyn Any + Send> = Box::new("index out of bounds".to_owned());
        assert_eq!(Fault::of_panic(&*panic), None);
    }
}
