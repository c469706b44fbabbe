//! A KDC that says what it was told to say, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// What krb5kdc 1.20 answered to a question for a ticket without proof of who asks: KRB-ERROR
/// 25, with its length in front.
const PREAUTH_REQUIRED: &[u8] = include_bytes!("../it/fixtures/kerberos/preauth_required.bin");

pub struct ScriptedKdc {
    pub address: SocketAddr,
    questions: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Ends with the KDC.
    _serving: JoinSet<()>,
}

impl ScriptedKdc {
    /// Asks for proof, and then answers with this error code for ever.
    pub async fn refusing(code: u8) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let questions: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let heard = questions.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let length = stream.read_u32().await.unwrap();
                let mut question = vec![0; length as usize];
                stream.read_exact(&mut question).await.unwrap();
                let is_first = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(question);
                    heard.len() == 1
                };
                let answer = if is_first { PREAUTH_REQUIRED.to_vec() } else { with_code(code) };
                stream.write_all(&answer).await.unwrap();
            }
        });
        Self { address, questions, _serving: serving }
    }

    pub fn questions(&self) -> Vec<Vec<u8>> {
        self.questions.lock().unwrap().clone()
    }
}

/// The same error with another code.
fn with_code(code: u8) -> Vec<u8> {
    const ERROR_CODE: &[u8] = &[0xa6, 0x03, 0x02, 0x01];
    let mut answer = PREAUTH_REQUIRED.to_vec();
    let at = answer.windows(ERROR_CODE.len()).position(|window| window == ERROR_CODE).unwrap();
    answer[at + ERROR_CODE.len()] = code;
    answer
}
