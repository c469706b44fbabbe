//! An HTTP server that gives every request the same answer, and remembers what was asked.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub struct S3Stub {
    pub endpoint: String,
    heads: Arc<Mutex<Vec<String>>>,
    /// Ends with the stub.
    _serving: JoinSet<()>,
}

impl S3Stub {
    /// `status` as in `403 Forbidden`; the connection is closed after each answer.
    pub async fn answering(status: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let answer = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let heads = Arc::new(Mutex::new(Vec::new()));
        let remembered = heads.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut answering = JoinSet::new();
            while let Ok((mut connection, _)) = listener.accept().await {
                let (answer, remembered) = (answer.clone(), remembered.clone());
                answering.spawn(async move {
                    let mut head = Vec::new();
                    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                        let mut piece = [0; 4096];
                        match connection.read(&mut piece).await {
                            Ok(0) | Err(_) => return,
                            Ok(read) => head.extend_from_slice(&piece[..read]),
                        }
                    }
                    remembered.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
                    // A client that has gone away reads no answer.
                    let _gone = connection.write_all(answer.as_bytes()).await;
                    let _gone = connection.shutdown().await;
                });
            }
        });
        Self { endpoint, heads, _serving: serving }
    }

    /// The heads of the requests so far, in lower case but for the request line.
    pub fn asked(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}
