//! Answers over HTTP/1.1, cut anywhere, are read the same; what is none is told.

use lustrum::time::clock::Clock;
use lustrum::transport::http::answer::Answer;
use lustrum::transport::http::error::{ErrorClass, HttpError};
use lustrum::transport::http::sink::Keep;
use proptest::prelude::*;

/// What a reader makes of bytes that end where the connection ends.
#[derive(Clone, Debug, PartialEq)]
struct Read {
    status: Option<u16>,
    body: Vec<u8>,
    keeps: bool,
    /// Bytes after the answer.
    left: usize,
    outcome: Result<(), ErrorClass>,
}

/// Feeds the pieces as a connection does: what was not used is given again, with more.
fn read(pieces: &[&[u8]], to_head: bool) -> Read {
    let at = Clock::system().instant();
    let (mut answer, mut keep, mut held) = (Answer::new(to_head), Keep::up_to(usize::MAX), Vec::new());
    let mut outcome: Result<(), HttpError> = Ok(());
    for piece in pieces {
        held.extend_from_slice(piece);
        if outcome.is_ok() && !answer.is_done() && !held.is_empty() {
            match answer.feed(&held, at, &mut keep) {
                Ok(used) => drop(held.drain(..used)),
                Err(error) => outcome = Err(error),
            }
        }
    }
    let has_begun = pieces.iter().any(|piece| !piece.is_empty());
    let outcome = outcome.and_then(|()| answer.end(has_begun)).map_err(|error| error.class);
    Read { status: answer.status(), body: keep.body, keeps: answer.keeps(), left: held.len(), outcome }
}

fn whole(bytes: &[u8]) -> Read {
    read(&[bytes], false)
}

fn ok(status: u16, body: &[u8], keeps: bool) -> Read {
    Read { status: Some(status), body: body.to_vec(), keeps, left: 0, outcome: Ok(()) }
}

/// One way to say the same body.
fn framed(body: &[u8], framing: u8, chunks: &[usize]) -> Vec<u8> {
    let mut bytes =
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nServer: x\r\n".to_vec();
    match framing {
        0 => {
            bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend(body);
        }
        1 => {
            bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
            let mut rest = body;
            for size in chunks {
                let (chunk, after) = rest.split_at((*size).min(rest.len()));
                rest = after;
                if !chunk.is_empty() {
                    bytes.extend(format!("{:X};ext=\"a b\"\r\n", chunk.len()).as_bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
            }
            if !rest.is_empty() {
                bytes.extend(format!("{:04x}\r\n", rest.len()).as_bytes());
                bytes.extend(rest);
                bytes.extend(b"\r\n");
            }
            bytes.extend(b"0\r\nTrailer-One: 1\r\nTrailer-Two: 2\r\n\r\n");
        }
        _ => {
            bytes.extend(b"\r\n");
            bytes.extend(body);
        }
    }
    bytes
}

proptest! {
    #[test]
    fn a_body_cut_anywhere_reads_the_same(
        body in proptest::collection::vec(any::<u8>(), 0..200),
        framing in 0_u8..3,
        chunks in proptest::collection::vec(1_usize..60, 0..5),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let bytes = framed(&body, framing, &chunks);
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<_> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&pieces, false), ok(200, &body, framing < 2));
    }

    #[test]
    fn every_beginning_of_an_answer_is_an_answer_cut_short_and_never_a_whole_one(
        body in proptest::collection::vec(any::<u8>(), 1..80),
        framing in 0_u8..2,
        chunks in proptest::collection::vec(1_usize..20, 0..5),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = framed(&body, framing, &chunks);
        let length = cut.index(bytes.len());
        let expected = if length == 0 { ErrorClass::Reset } else { ErrorClass::CutShort };
        prop_assert_eq!(whole(&bytes[..length]).outcome, Err(expected));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), to_head in any::<bool>()) {
        let mut with_head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        with_head.extend(&bytes);
        read(&[&bytes], to_head);
        whole(&with_head);
    }
}

#[test]
fn every_single_cut_of_each_framing_reads_the_same() {
    for framing in 0..3 {
        let bytes = framed(b"hello, chunked world", framing, &[5, 1]);
        for cut in 0..=bytes.len() {
            let (one, two) = bytes.split_at(cut);
            assert_eq!(
                read(&[one, two], false),
                ok(200, b"hello, chunked world", framing < 2),
                "{framing}/{cut}"
            );
        }
    }
}

/// RFC 9112 §6.3, §9.3 and RFC 9110 §6.4.1.
#[test]
fn where_a_body_ends_and_whether_the_connection_lives_on() {
    let cases: [(&str, Read); 16] = [
        ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", ok(204, b"", true)),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", ok(304, b"", true)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ok(200, b"", true)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: Close\r\n\r\nhi", ok(200, b"hi", false)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: x, close\r\n\r\nhi", ok(200, b"hi", false)),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", ok(200, b"hi", false)),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nhi", ok(200, b"hi", true)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nhi", ok(200, b"hi", true)),
        // Two lengths may be a smuggled request: read, and nothing more on this connection.
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            ok(200, b"hi", false),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            ok(200, b"hi", true),
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nhi", ok(200, b"hi", false)),
        ("HTTP/1.1 200 OK\r\n\r\nhi", ok(200, b"hi", false)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", Read { left: 1, ..ok(200, b"hi", true) }),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", ok(200, b"hi", true)),
        ("HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", ok(200, b"hi", true)),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ok(200, b"", true)),
    ];
    for (bytes, expected) in cases {
        assert_eq!(whole(bytes.as_bytes()), expected, "{bytes:?}");
    }
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    assert_eq!(read(&[head], true), ok(200, b"", true));
}

#[test]
fn what_is_no_http_is_malformed() {
    let long = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;{}", "x".repeat(10_000));
    let cases = [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhiX",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        long.as_str(),
    ];
    for bytes in cases {
        assert_eq!(whole(bytes.as_bytes()).outcome, Err(ErrorClass::Malformed), "{bytes:.80?}");
    }
}
