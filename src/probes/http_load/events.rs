//! Server-sent events, told apart in pieces cut anywhere (HTML, "Server-sent events", 9.2.6).

/// Counts the events of one stream; their text is not kept.
#[derive(Clone, Debug, Default)]
pub struct Events {
    /// What the line so far begins with, as far as it matters.
    line: Line,
    /// The event so far has a `data` line; without one it is none.
    has_data: bool,
    after_cr: bool,
    /// Bytes of the byte order mark that a stream may begin with; more than it has when the
    /// beginning is over.
    mark: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    /// So many bytes of `data` have been read and nothing else.
    Field(usize),
    Data,
    Other,
}

impl Default for Line {
    fn default() -> Self {
        Self::Field(0)
    }
}

const DATA: &[u8] = b"data";
const MARK: &[u8] = b"\xef\xbb\xbf";

impl Events {
    /// Reads a piece and returns how many events it ended.
    pub fn feed(&mut self, piece: &[u8]) -> u64 {
        let mut events = 0;
        for byte in piece {
            if MARK.get(self.mark) == Some(byte) {
                self.mark += 1;
                continue;
            }
            self.mark = usize::MAX;
            let is_second_half = *byte == b'\n' && self.after_cr;
            self.after_cr = *byte == b'\r';
            if is_second_half {
                continue;
            }
            if matches!(byte, b'\r' | b'\n') {
                events += u64::from(self.end_line());
                continue;
            }
            self.line = match self.line {
                Line::Field(read) if DATA.get(read) == Some(byte) => Line::Field(read + 1),
                Line::Field(read) if read == DATA.len() && *byte == b':' => Line::Data,
                Line::Field(_) | Line::Other => Line::Other,
                Line::Data => Line::Data,
            };
        }
        events
    }

    /// True where the line was the empty one that ends an event with data.
    fn end_line(&mut self) -> bool {
        let line = std::mem::take(&mut self.line);
        match line {
            Line::Field(0) => std::mem::take(&mut self.has_data),
            // A field name without a colon is that field with an empty value.
            Line::Data | Line::Field(4) => {
                self.has_data = true;
                false
            }
            Line::Field(_) | Line::Other => false,
        }
    }
}
