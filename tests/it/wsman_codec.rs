//! The WS-Management codec: envelopes, frames, faults, and answers that are not ours.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use lustrum::model::failure::{Failure, FailureKind};
use lustrum::transport::wsman::answer::Answer;
use lustrum::transport::wsman::conversation::{Conversation, Patience};
use lustrum::transport::wsman::envelope::{INPUT_BYTES, Request, Sender, ShellOptions, Signal};
use lustrum::transport::wsman::exchange::{Exchange, HttpAnswer};
use lustrum::transport::wsman::fault::{Fault, Meaning};
use lustrum::transport::wsman::sealing::{self, Frame};
use lustrum::transport::wsman::words::SAFE_ENVELOPE_BYTES;
use lustrum::transport::wsman::xml::parse;

const SHELL: &str = "849551A1-CEC2-4ABD-8B62-652AD1053E9B";
const COMMAND: &str = "D644AE56-61E5-4C1A-A135-E599B76B3035";

fn sender() -> Sender {
    Sender {
        endpoint: "http://hv-01:5985/wsman".to_owned(),
        session_id: "uuid:00000000-0000-4000-8000-000000000001".to_owned(),
        operation_timeout: Duration::from_secs(20),
    }
}

fn envelope(request: &Request) -> String {
    request.envelope(&sender(), "uuid:00000000-0000-4000-8000-000000000002")
}

#[test]
fn envelopes_are_what_they_were() {
    let environment = BTreeMap::from([("A&B".to_owned(), "<\"\r\n\0>".to_owned())]);
    let options = ShellOptions { environment, ..ShellOptions::for_census(Duration::from_secs(180)) };
    let arguments = ["-NoProfile".to_owned(), "數 & \"x\"".to_owned()];
    let wql = "SELECT Name FROM Msvm_ComputerSystem WHERE Name <> 'x'";
    let requests = [
        ("create", Request::create(&options)),
        ("command", Request::command(SHELL, "powershell.exe", &arguments, false)),
        ("send", Request::send(SHELL, COMMAND, b"Get-VM", true)),
        ("receive", Request::receive(SHELL, COMMAND)),
        ("signal", Request::signal(SHELL, COMMAND, Signal::Terminate)),
        ("delete", Request::delete(SHELL)),
        ("enumerate", Request::enumerate("root\\virtualization\\v2", wql, 100)),
        ("pull", Request::pull("root/virtualization/v2", "uuid:context", 100)),
    ];
    for (name, request) in requests {
        let written = envelope(&request).replace("><", ">\n<") + "\n";
        let path = format!("{}/tests/it/fixtures/wsman/{name}.xml", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("LUSTRUM_BLESS").is_some() {
            std::fs::write(&path, &written).unwrap();
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(written, golden, "{name}; LUSTRUM_BLESS=1 writes it anew");
    }
}

#[test]
fn a_full_piece_of_input_fits_the_smallest_envelope() {
    let request = Request::send(SHELL, COMMAND, &vec![0xff; INPUT_BYTES], true);
    let length = envelope(&request).len();
    assert!(length <= SAFE_ENVELOPE_BYTES && length > SAFE_ENVELOPE_BYTES - 4096, "{length}");
}

const SPNEGO: &str = "application/HTTP-SPNEGO-session-encrypted";

#[test]
fn a_frame_is_what_ms_wsmv_shows() {
    let signature = [7; 16];
    let body = sealing::frame(SPNEGO, &signature, b"sealed", 6);
    let expected = b"--Encrypted Boundary\r\n\
        \tContent-Type: application/HTTP-SPNEGO-session-encrypted\r\n\
        \tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=6\r\n\
        --Encrypted Boundary\r\n\
        \tContent-Type: application/octet-stream\r\n\
        \x10\0\0\0\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07sealed--Encrypted Boundary--\r\n";
    assert_eq!(body[..], expected[..]);
    let Frame { signature: found, sealed } = sealing::unframe(&body).unwrap();
    assert_eq!(&body[found], signature);
    assert_eq!(&body[sealed], b"sealed");
}

#[test]
fn ciphertext_may_look_like_the_frame() {
    let sealed = b"\r\n--Encrypted Boundary--\r\nLength=1";
    let body = sealing::frame(SPNEGO, &[0; 16], sealed, sealed.len());
    let frame = sealing::unframe(&body).unwrap();
    assert_eq!(&body[frame.sealed], sealed);
}

#[test]
fn broken_frames_are_refused() {
    let whole = sealing::frame(SPNEGO, &[0; 16], b"sealed", 6).to_vec();
    assert!(sealing::unframe(&whole).is_some());
    for cut in 0..whole.len() - b"--\r\n".len() {
        assert!(sealing::unframe(&whole[..cut]).is_none(), "cut at {cut}");
    }
    let text = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        [&whole[..at], to.as_bytes(), &whole[at + from.len()..]].concat()
    };
    for broken in [
        text("Length=6", "Length=7"),
        text("Length=6", "Length=5"),
        text("Length=6", "Length=-1"),
        text("Length=6", "Length=18446744073709551615"),
        text("\x10\0\0\0", "\x11\0\0\0"),
        text("\x10\0\0\0", "\x10\0\0\x7f"),
    ] {
        assert!(sealing::unframe(&broken).is_none(), "{}", String::from_utf8_lossy(&broken));
    }
}

fn fault(detail: &str, subcode: &str) -> Fault {
    let xml = format!(
        "<s:Body xmlns:s=\"s\"><s:Fault><s:Code><s:Value>s:Receiver</s:Value><s:Subcode><s:Value>{subcode}\
         </s:Value></s:Subcode></s:Code><s:Reason><s:Text>said so</s:Text></s:Reason><s:Detail>{detail}\
         </s:Detail></s:Fault></s:Body>"
    );
    Fault::read(&parse(&xml).unwrap()).unwrap()
}

fn numbered(code: &str) -> Fault {
    fault(
        &format!("<f:WSManFault xmlns:f=\"f\" Code=\"{code}\"><f:Message>m</f:Message></f:WSManFault>"),
        "w:X",
    )
}

#[test]
fn fault_numbers_have_their_meaning() {
    use lustrum::model::failure::Retry::{Later, Never, NextRun};
    let ends = |kind, retry| Meaning::Ends(kind, retry);
    for (code, meaning) in [
        ("2150858793", Meaning::PollAgain),
        ("2150859173", Meaning::Quota),
        ("2150859174", Meaning::Quota),
        ("2150858843", ends(FailureKind::NoAnswer, Later)),
        ("995", ends(FailureKind::NoAnswer, Later)),
        ("2147943418", ends(FailureKind::NoAnswer, Later)),
        ("-2147024891", ends(FailureKind::AuthFailed, Never)),
        ("5", ends(FailureKind::AuthFailed, Never)),
        ("2147942402", ends(FailureKind::RemoteError, Never)),
        ("4711", ends(FailureKind::NoAnswer, NextRun)),
    ] {
        assert_eq!(numbered(code).meaning(), meaning, "{code}");
    }
    assert_eq!(fault("", "w:TimedOut").meaning(), Meaning::PollAgain);
    assert_eq!(fault("", "w:QuotaLimit").meaning(), Meaning::Quota);
    assert_eq!(fault("", "w:QuotaLimit").number(), None);
}

#[test]
fn a_fault_tells_its_number_and_who_spoke() {
    let wmi = fault(
        "<p:MSFT_WmiError xmlns:p=\"p\"><p:error_Code>2150859174</p:error_Code></p:MSFT_WmiError>",
        "w:InternalError",
    );
    assert_eq!((wmi.wsman_code, wmi.wmi_code), (None, Some(2_150_859_174)));
    let failure = wmi.into_failure(500);
    assert_eq!(failure.kind, FailureKind::Quota);
    assert_eq!(failure.message, "MSFT_WmiError 2150859174 InternalError: said so (http 500)");

    let provider = fault(
        "<f:WSManFault xmlns:f=\"f\" Code=\"2147942402\"><f:Message><f:ProviderFault provider=\"Shell cmd \
         plugin\">No such\n file.</f:ProviderFault></f:Message></f:WSManFault>",
        "w:InternalError",
    );
    assert_eq!(provider.provider.as_deref(), Some("Shell cmd plugin"));
    let message = provider.into_failure(500).message;
    assert_eq!(message, "WSManFault 2147942402 InternalError: No such file. (http 500)");
}

fn receive_answer(inside: &str) -> Answer {
    let xml = format!(
        "<s:Envelope xmlns:s=\"s\" xmlns:r=\"r\"><s:Header/><s:Body><r:ReceiveResponse>{inside}\
         </r:ReceiveResponse></s:Body></s:Envelope>"
    );
    Answer::read(xml.as_bytes()).unwrap()
}

#[test]
fn output_is_read_by_stream_with_code_points_cut_anywhere() {
    // 數 is e6 95 b8: cut after its first byte, with stderr between.
    let output = receive_answer(
        "<r:Stream Name=\"stdout\" CommandId=\"c\">YeY=</r:Stream><r:Stream Name=\"stderr\" CommandId=\"c\">\r\n \
         ZQ==\r\n</r:Stream><r:Stream Name=\"stdout\" CommandId=\"c\">lbg</r:Stream><r:Stream Name=\"stdout\" \
         CommandId=\"c\" End=\"true\"/><r:Stream Name=\"stdout\" CommandId=\"other\">eA==</r:Stream>",
    )
    .output("C")
    .unwrap();
    assert_eq!(output.received.stdout, "a數");
    assert_eq!(output.received.stderr, "e");
    assert!(!output.done);
}

#[test]
fn exit_codes_are_32_bits_in_either_spelling() {
    for (text, code) in [("0", 0), ("-1", -1), ("4294967295", -1), ("3221225786", -1_073_741_510)] {
        let state = format!(
            "<r:CommandState CommandId=\"c\" State=\"x/CommandState/Done\"><r:ExitCode>{text}</r:ExitCode>\
             </r:CommandState>"
        );
        let output = receive_answer(&state).output("c").unwrap();
        assert_eq!((output.done, output.received.exit_code), (true, Some(code)), "{text}");
    }
    let absurd = "<r:CommandState CommandId=\"c\" State=\"x/CommandState/Done\"><r:ExitCode>9999999999\
                  </r:ExitCode></r:CommandState>";
    assert_eq!(receive_answer(absurd).output("c").unwrap_err().kind, FailureKind::Protocol);
    let no_base64 = "<r:Stream Name=\"stdout\" CommandId=\"c\">%%%</r:Stream>";
    assert_eq!(receive_answer(no_base64).output("c").unwrap_err().kind, FailureKind::Protocol);
}

/// Gives prepared answers, `{id}` in them replaced by the request's MessageID.
struct Prepared {
    answers: VecDeque<(u16, String)>,
}

impl Exchange for Prepared {
    async fn exchange(&mut self, envelope: &str, _patience: Duration) -> Result<HttpAnswer, Failure> {
        let id = parse(envelope).unwrap().path(&["Header", "MessageID"]).unwrap().text.clone();
        let (status, body) = self.answers.pop_front().unwrap();
        Ok(HttpAnswer { status, body: body.replace("{id}", &id).into_bytes().into() })
    }

    async fn resume(&mut self) -> Result<Option<HttpAnswer>, Failure> {
        Ok(None)
    }
}

fn answering(answers: &[(u16, String)]) -> Conversation<Prepared> {
    let exchange = Prepared { answers: answers.to_vec().into() };
    let patience = Patience {
        operation_timeout: Duration::from_secs(20),
        silence_timeout: Duration::from_secs(5),
        attempts: 3,
    };
    Conversation::new(exchange, "http://h:5985/wsman".to_owned(), "h", patience)
}

fn soap(relates_to: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"s\" xmlns:f=\"f\"><s:Header>{relates_to}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

fn fault_body(code: u32) -> String {
    format!("<s:Fault><s:Detail><f:WSManFault Code=\"{code}\"/></s:Detail></s:Fault>")
}

#[tokio::test]
async fn answers_that_are_not_ours_are_refused() {
    let ours = "<a:RelatesTo xmlns:a=\"a\">{id}</a:RelatesTo>";
    let other = "<a:RelatesTo xmlns:a=\"a\">uuid:other</a:RelatesTo>";
    for (answer, kind, told) in [
        ((200, soap(other, "")), FailureKind::Protocol, "relates to another request"),
        ((200, soap("", "")), FailureKind::Protocol, "relates to another request"),
        ((500, soap(other, &fault_body(5))), FailureKind::Protocol, "relates to another request"),
        ((500, soap("", &fault_body(5))), FailureKind::AuthFailed, "WSManFault 5 (http 500)"),
        ((200, "<s:Envelope><<".to_owned()), FailureKind::Protocol, "not xml"),
        ((200, "<html/>".to_owned()), FailureKind::Protocol, "no soap envelope"),
        ((200, String::new()), FailureKind::Protocol, "answer is"),
        ((500, String::new()), FailureKind::NoAnswer, "http 500"),
        ((401, String::new()), FailureKind::NoAnswer, "http 401"),
        ((413, "<html>too large</html>".to_owned()), FailureKind::Protocol, "http 413"),
        ((404, soap(ours, "")), FailureKind::NoAnswer, "http 404"),
    ] {
        let failure: Failure = answering(std::slice::from_ref(&answer))
            .call(&Request::delete(SHELL))
            .await
            .map(|_| ())
            .unwrap_err()
            .into();
        assert_eq!(failure.kind, kind, "{answer:?}: {failure}");
        assert!(failure.message.contains(told), "{answer:?}: {failure}");
    }
    assert!(answering(&[(200, soap(ours, ""))]).call(&Request::delete(SHELL)).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_full_quota_is_asked_as_often_as_allowed() {
    let full = (500, soap("<RelatesTo>{id}</RelatesTo>", &fault_body(2_150_859_173)));
    let fine = (200, soap("<RelatesTo>{id}</RelatesTo>", ""));
    let two = [full.clone(), full.clone(), fine.clone()];
    assert!(answering(&two).call(&Request::delete(SHELL)).await.is_ok());
    let three = [full.clone(), full.clone(), full.clone(), fine];
    let failure: Failure =
        answering(&three).call(&Request::delete(SHELL)).await.map(|_| ()).unwrap_err().into();
    assert_eq!(failure.kind, FailureKind::Quota);
    assert!(failure.message.contains("WSManFault 2150859173"), "{failure}");
}

#[tokio::test]
async fn a_shell_that_is_gone_counts_as_deleted() {
    use lustrum::transport::wsman::command_shell::ShellId;
    let gone = (500, soap("<RelatesTo>{id}</RelatesTo>", &fault_body(2_150_858_843)));
    answering(&[gone]).delete_shell(&ShellId(SHELL.to_owned())).await.unwrap();
}
