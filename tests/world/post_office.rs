//! A mail server that knows as much of SMTP (RFC 5321, STARTTLS of RFC 3207, AUTH PLAIN of
//! RFC 4954) as one client needs, and remembers what it took.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// How the office is run.
#[derive(Clone, Default)]
pub struct Rules {
    /// Offers STARTTLS, and takes no mail without it.
    pub tls: Option<TlsAcceptor>,
    /// TLS from the first byte.
    pub implicit: bool,
    /// `user\0password`, demanded before mail is taken.
    pub login: Option<&'static str>,
    /// Replies to the end of a message, one after the other; then it is taken.
    pub replies: Vec<&'static str>,
}

#[derive(Clone, Debug, Default)]
pub struct Letter {
    pub from: String,
    pub to: Vec<String>,
    pub text: String,
    pub sealed: bool,
}

pub struct PostOffice {
    pub address: SocketAddr,
    desk: Arc<Desk>,
    /// Ends with the office.
    _serving: JoinSet<()>,
}

struct Desk {
    rules: Rules,
    letters: Mutex<Vec<Letter>>,
    /// Every line that came outside of TLS.
    overheard: Mutex<String>,
}

impl PostOffice {
    pub async fn open(rules: Rules) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::new(Desk { rules, letters: Mutex::default(), overheard: Mutex::default() });
        let serving_desk = desk.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut talking = JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let desk = serving_desk.clone();
                talking.spawn(async move {
                    // A client that hangs up, or takes our certificate for none, ends it.
                    let _hung_up = desk.receive(connection).await;
                });
            }
        });
        Self { address, desk, _serving: serving }
    }

    /// Every message that came to its end, taken or not.
    pub fn letters(&self) -> Vec<Letter> {
        self.desk.letters.lock().unwrap().clone()
    }

    pub fn overheard(&self) -> String {
        self.desk.overheard.lock().unwrap().clone()
    }
}

impl Desk {
    async fn receive(&self, connection: tokio::net::TcpStream) -> std::io::Result<()> {
        let tls = self.rules.tls.as_ref();
        let connection = match tls.filter(|_| self.rules.implicit) {
            Some(tls) => return self.talk(tls.accept(connection).await?, true, true).await.map(drop),
            None => self.talk(connection, false, true).await?,
        };
        match (connection, tls) {
            (Some(connection), Some(tls)) => {
                self.talk(tls.accept(connection).await?, true, false).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Gives the connection back when it is to be sealed.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        connection: S,
        sealed: bool,
        greet: bool,
    ) -> std::io::Result<Option<S>> {
        let mut connection = BufReader::new(connection);
        if greet {
            connection.write_all(b"220 office\r\n").await?;
        }
        let (mut letter, mut known) = (Letter { sealed, ..Letter::default() }, self.rules.login.is_none());
        loop {
            let mut line = String::new();
            if connection.read_line(&mut line).await? == 0 {
                return Ok(None);
            }
            if !sealed {
                self.overheard.lock().unwrap().push_str(&line);
            }
            let line = line.trim_end();
            let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
            let offers_tls = self.rules.tls.is_some() && !sealed;
            let address = || rest.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            let reply: &str = match verb {
                "EHLO" if offers_tls => "250-office\r\n250-STARTTLS\r\n250 8BITMIME",
                "EHLO" => "250-office\r\n250-AUTH PLAIN\r\n250 8BITMIME",
                "STARTTLS" if offers_tls => {
                    connection.write_all(b"220 go ahead\r\n").await?;
                    return Ok(Some(connection.into_inner()));
                }
                "AUTH" => {
                    let told = rest.strip_prefix("PLAIN ").and_then(|told| STANDARD.decode(told).ok());
                    let told = told.and_then(|told| String::from_utf8(told).ok()).unwrap_or_default();
                    known = self.rules.login == told.strip_prefix('\0');
                    if known { "235 welcome" } else { "535 5.7.8 who are you" }
                }
                "MAIL" if offers_tls => "530 5.7.0 STARTTLS first",
                "MAIL" if !known => "530 5.7.0 who are you",
                "MAIL" => {
                    letter.from = address();
                    "250 ok"
                }
                "RCPT" => {
                    letter.to.push(address());
                    "250 ok"
                }
                "DATA" => {
                    connection.write_all(b"354 go on\r\n").await?;
                    loop {
                        let mut line = String::new();
                        connection.read_line(&mut line).await?;
                        if line == ".\r\n" || line.is_empty() {
                            break;
                        }
                        letter.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    }
                    let mut letters = self.letters.lock().unwrap();
                    letters.push(std::mem::take(&mut letter));
                    self.rules.replies.get(letters.len() - 1).copied().unwrap_or("250 taken")
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            connection.write_all(format!("{reply}\r\n").as_bytes()).await?;
        }
    }
}
