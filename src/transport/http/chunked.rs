//! The chunked transfer coding (RFC 9112 §7.1), read from pieces cut anywhere.

use crate::transport::http::error::HttpError;

/// Chunk extensions and trailers are read and dropped, up to here.
const LONGEST_LINE_BYTES: usize = 8 * 1024;
const MOST_TRAILER_BYTES: usize = 64 * 1024;

/// What has been read so far of one body.
#[derive(Clone, Debug)]
pub struct Chunked {
    at: At,
    /// Of the line or the trailers that are read, to stop at a limit.
    line_bytes: usize,
    trailer_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Size {
        digits: u8,
        value: u64,
    },
    /// After the size: white space, extensions.
    Extension {
        value: u64,
    },
    SizeEnd {
        value: u64,
    },
    Data {
        left: u64,
    },
    DataCr,
    DataLf,
    /// At the beginning of a line after the last chunk.
    Trailer,
    TrailerLine,
    LastLf,
    Done,
}

impl Default for Chunked {
    fn default() -> Self {
        Self { at: At::Size { digits: 0, value: 0 }, line_bytes: 0, trailer_bytes: 0 }
    }
}

impl Chunked {
    pub fn is_done(&self) -> bool {
        self.at == At::Done
    }

    /// Reads what belongs to the body and gives its data to `sink`; returns the bytes used.
    pub fn feed(
        &mut self,
        input: &[u8],
        mut sink: impl FnMut(&[u8]) -> Result<(), HttpError>,
    ) -> Result<usize, HttpError> {
        let mut used = 0;
        while used < input.len() && self.at != At::Done {
            if let At::Data { left } = self.at {
                let rest = &input[used..];
                let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                sink(&rest[..length])?;
                used += length;
                let left = left - length as u64;
                self.at = if left == 0 { At::DataCr } else { At::Data { left } };
                continue;
            }
            self.at = self.step(input[used])?;
            used += 1;
        }
        Ok(used)
    }

    fn step(&mut self, byte: u8) -> Result<At, HttpError> {
        self.line_bytes += 1;
        if self.line_bytes > LONGEST_LINE_BYTES {
            return Err(HttpError::malformed(format!(
                "chunk: a line of more than {LONGEST_LINE_BYTES} bytes"
            )));
        }
        Ok(match (self.at, byte) {
            (At::Size { digits, value }, _) if byte.is_ascii_hexdigit() => {
                if digits == 16 {
                    return Err(HttpError::malformed("chunk: size of more than 16 digits"));
                }
                let digit = (byte as char).to_digit(16).unwrap_or_default();
                At::Size { digits: digits + 1, value: value << 4 | u64::from(digit) }
            }
            (At::Size { digits: 0, .. }, _) => {
                return Err(HttpError::malformed(format!(
                    "chunk: expected its size, found byte 0x{byte:02x}"
                )));
            }
            (At::Size { value, .. } | At::Extension { value }, b'\r') => At::SizeEnd { value },
            (At::Size { value, .. }, b';' | b' ' | b'\t') => At::Extension { value },
            (At::Extension { .. }, b'\n') => return Err(HttpError::malformed("chunk: bare line feed")),
            (At::Extension { value }, _) => At::Extension { value },
            (At::SizeEnd { value }, b'\n') => {
                self.line_bytes = 0;
                if value == 0 { At::Trailer } else { At::Data { left: value } }
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => {
                self.line_bytes = 0;
                At::Size { digits: 0, value: 0 }
            }
            (At::Trailer, b'\r') => At::LastLf,
            (At::Trailer | At::TrailerLine, b'\n') => {
                self.trailer_bytes += self.line_bytes;
                if self.trailer_bytes > MOST_TRAILER_BYTES {
                    return Err(HttpError::malformed("chunk: trailers without end"));
                }
                self.line_bytes = 0;
                At::Trailer
            }
            (At::Trailer | At::TrailerLine, _) => At::TrailerLine,
            (At::LastLf, b'\n') => At::Done,
            (at, _) => {
                let wanted = match at {
                    At::DataCr | At::DataLf => "the line end after its data",
                    _ => "a line end",
                };
                return Err(HttpError::malformed(format!(
                    "chunk: expected {wanted}, found byte 0x{byte:02x}"
                )));
            }
        })
    }
}
