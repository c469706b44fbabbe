//! The faults a WinRM service answers with, shaped as recorded from Windows hosts.

use crate::simulator::envelope::escape;

/// One fault: its numbers, and the words around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WsmanFault {
    pub code: u32,
    /// `Sender` or `Receiver` (SOAP 1.2 part 1, 5.4.6).
    side: &'static str,
    subcode: &'static str,
    message: &'static str,
    shape: Shape,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Plain,
    /// The message stands inside a ProviderFault of the shell plugin.
    Provider,
    /// MSFT_WmiError instead of WSManFault, with its CIMStatusCode (DSP0004).
    WmiError(u32),
}

const fn plain(code: u32, side: &'static str, subcode: &'static str, message: &'static str) -> WsmanFault {
    WsmanFault { code, side, subcode, message, shape: Shape::Plain }
}

const fn wmi(code: u32, cim_status: u32, message: &'static str) -> WsmanFault {
    WsmanFault { shape: Shape::WmiError(cim_status), ..plain(code, "s:Receiver", "w:InternalError", message) }
}

/// Receive found nothing within OperationTimeout: ask again.
pub const TIMED_OUT: WsmanFault = plain(
    2_150_858_793,
    "s:Receiver",
    "w:TimedOut",
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  ",
);

/// MaxShellsPerUser is reached.
pub const SHELL_QUOTA: WsmanFault = plain(
    2_150_859_173,
    "s:Sender",
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. This user is allowed a maximum number of 30 \
     concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. ",
);

/// MaxConcurrentOperationsPerUser is reached.
pub const OPERATION_QUOTA: WsmanFault = plain(
    2_150_859_174,
    "s:Sender",
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. The maximum number of concurrent operations for \
     this user has been exceeded. Close existing operations for this user, or raise the quota for this user. ",
);

/// The same in the other form hosts use.
pub const OPERATION_QUOTA_WMI: WsmanFault = WsmanFault {
    side: "s:Receiver",
    subcode: "w:InternalError",
    shape: Shape::WmiError(27),
    ..OPERATION_QUOTA
};

/// The shell is gone or never was.
pub const SHELL_NOT_FOUND: WsmanFault = plain(
    2_150_858_843,
    "s:Sender",
    "w:InvalidSelectors",
    "The request for the Windows Remote Shell failed because the shell was not found on the server. Possible \
     causes are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide the \
     correct ShellId or create a new shell and retry the operation. ",
);

/// The client gave an id that is taken (ERROR_WSMAN_ALREADY_EXISTS).
pub const ALREADY_EXISTS: WsmanFault = plain(
    2_150_858_803,
    "s:Sender",
    "w:AlreadyExists",
    "The WS-Management service cannot process the request because the resource already exists. ",
);

/// The operation was ended by Signal or Delete while it waited (ERROR_OPERATION_ABORTED).
pub const ABORTED: WsmanFault = plain(
    995,
    "s:Receiver",
    "w:InternalError",
    "The I/O operation has been aborted because of either a thread exit or an application request. ",
);

/// CreateProcess did not find the program: without cmd.exe there is no search path.
pub const FILE_NOT_FOUND: WsmanFault = WsmanFault {
    shape: Shape::Provider,
    ..plain(2_147_942_402, "s:Receiver", "w:InternalError", "The system cannot find the file specified. ")
};

/// CreateProcess did not find the folder (ERROR_PATH_NOT_FOUND).
pub const PATH_NOT_FOUND: WsmanFault = WsmanFault {
    shape: Shape::Provider,
    ..plain(2_147_942_403, "s:Receiver", "w:InternalError", "The system cannot find the path specified. ")
};

/// CommandId of no command in this shell (E_INVALIDARG of the shell plugin).
pub const COMMAND_NOT_FOUND: WsmanFault = WsmanFault {
    shape: Shape::Provider,
    ..plain(2_147_942_487, "s:Sender", "w:InvalidParameter", "The parameter is incorrect. ")
};

/// The action is none this service knows (ERROR_WSMAN_INVALID_ACTIONURI).
pub const ACTION_NOT_SUPPORTED: WsmanFault = plain(
    2_150_858_753,
    "s:Sender",
    "a:ActionNotSupported",
    "The WS-Management service cannot process the request. The WS-Addressing action URI is invalid. ",
);

/// The query is none this service understands (ERROR_WSMAN_ENUMERATE_CANNOT_PROCESS_FILTER).
pub const BAD_FILTER: WsmanFault = plain(
    2_150_858_778,
    "s:Sender",
    "n:CannotProcessFilter",
    "The WS-Management service cannot process the request because the filter is not valid. ",
);

/// Pull for an enumeration that is over (ERROR_WSMAN_ENUMERATE_INVALID_ENUMERATION_CONTEXT).
pub const BAD_CONTEXT: WsmanFault = plain(
    2_150_858_779,
    "s:Sender",
    "n:InvalidEnumerationContext",
    "The WS-Management service cannot process the request. The supplied enumeration context is invalid. ",
);

/// WMI has no such namespace: the role is not installed (WBEM_E_INVALID_NAMESPACE).
pub const BAD_NAMESPACE: WsmanFault = wmi(0x8004_100e, 3, "Invalid namespace ");

/// WMI has no such class (WBEM_E_INVALID_CLASS).
pub const BAD_CLASS: WsmanFault = wmi(0x8004_1010, 5, "Invalid class ");

/// WMI refuses the account (WBEM_E_ACCESS_DENIED).
pub const ACCESS_DENIED: WsmanFault = wmi(0x8004_1003, 2, "Access denied ");

impl WsmanFault {
    /// The SOAP body of the fault, with the host's name in it.
    pub fn body(&self, machine: &str) -> String {
        let Self { code, side, subcode, message, shape } = *self;
        let machine = escape(machine);
        let detail = match shape {
            Shape::Plain => format!(
                "<f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{code}\" \
                 Machine=\"{machine}\"><f:Message>{message}</f:Message></f:WSManFault>"
            ),
            Shape::Provider => format!(
                "<f:WSManFault xmlns:f=\"http://schemas.microsoft.com/wbem/wsman/1/wsmanfault\" Code=\"{code}\" \
                 Machine=\"{machine}\"><f:Message><f:ProviderFault provider=\"Shell cmd plugin\" \
                 path=\"%systemroot%\\system32\\winrscmd.dll\">{message}</f:ProviderFault></f:Message></f:WSManFault>"
            ),
            Shape::WmiError(status) => format!(
                "<p:MSFT_WmiError b:IsCIM_Error=\"true\" \
                 xmlns:b=\"http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd\" \
                 xmlns:p=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError\" \
                 xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
                 <p:CIMStatusCode xsi:type=\"cim:cimUnsignedInt\" \
                 xmlns:cim=\"http://schemas.dmtf.org/wbem/wscim/1/common\">{status}</p:CIMStatusCode>\
                 <p:Message>{message}</p:Message><p:MessageID>HRESULT 0x{code:x}</p:MessageID>\
                 <p:error_Category>30</p:error_Category><p:error_Code>{code}</p:error_Code>\
                 <p:error_Type>HRESULT</p:error_Type></p:MSFT_WmiError>"
            ),
        };
        format!(
            "<s:Fault><s:Code><s:Value>{side}</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang=\"en-US\">{message}</s:Text></s:Reason><s:Detail>{detail}</s:Detail></s:Fault>"
        )
    }
}
