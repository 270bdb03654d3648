//! What the error codes of Windows Update mean, for administrators.

/// The codes that make up nearly all reports, with what is behind them
/// (Windows Update error reference; the values are HRESULTs).
const MEANINGS: &[(u32, &str)] = &[
    (0x8007_0002, "a file was not found; the component store may be damaged"),
    (0x8007_0003, "a folder was not found; the component store may be damaged"),
    (0x8007_0005, "access was denied"),
    (0x8007_000e, "the computer is out of memory"),
    (0x8007_0020, "a file is in use by another program"),
    (0x8007_0070, "the disk is full"),
    (0x8007_01b1, "a device is missing"),
    (0x8007_0422, "the service Windows Update is disabled"),
    (0x8007_0490, "the component store is damaged"),
    (0x8007_05b4, "the installer did not end in time"),
    (0x8007_0641, "the Windows Installer service is not reached"),
    (0x8007_0642, "the user cancelled it"),
    (0x8007_0643, "its installer failed"),
    (0x8007_0652, "another installation is running"),
    (0x8007_0bc2, "a restart is required"),
    (0x8007_0bc9, "a restart is required before it can go on"),
    (0x8007_2ee2, "the server did not answer in time"),
    (0x8007_2ee7, "the name of the server is not resolved"),
    (0x8007_2efd, "the server is not reached"),
    (0x8007_2efe, "the connection broke off"),
    (0x8007_2f8f, "the certificate or the clock is not right"),
    (0x8007_3712, "the component store is damaged"),
    (0x8009_6004, "the signature of a file is not valid"),
    (0x800b_0109, "the signature is not trusted"),
    (0x800f_0831, "an earlier update that it builds on is missing"),
    (0x800f_0922, "it failed while it was configured; the reserved partition may be full"),
    (0x800f_0988, "the component store could not be read"),
    (0x8024_000b, "it was cancelled"),
    (0x8024_000e, "the document of the update is not valid"),
    (0x8024_0016, "another installation is running"),
    (0x8024_0017, "it is not applicable"),
    (0x8024_0020, "nobody is signed in, and it needs a user"),
    (0x8024_0022, "all its parts failed"),
    (0x8024_0024, "there is nothing to download"),
    (0x8024_001e, "the service was stopped"),
    (0x8024_200b, "its installer failed"),
    (0x8024_200d, "it has to be downloaded once more"),
    (0x8024_402c, "the name of the server or of the proxy is not resolved"),
    (0x8024_4019, "the server does not have the file"),
    (0x8024_4022, "the server is overloaded"),
    (0x8024_6007, "it is not downloaded yet"),
    (0x8024_6008, "the background transfer failed"),
];

/// The meaning of a code such as `0x80240022`; `None` for one that is not known here.
pub fn meaning(code: &str) -> Option<&'static str> {
    let digits = code.trim().strip_prefix("0x")?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    MEANINGS.iter().find(|(known, _)| *known == number).map(|(_, meaning)| *meaning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_meaning() {
        assert_eq!(meaning("0x80070070"), Some("the disk is full"));
        assert_eq!(meaning("0x80240022"), Some("all its parts failed"));
        assert_eq!(meaning("0x00000001"), None);
        assert_eq!(meaning("text"), None);
        for (at, (code, _)) in MEANINGS.iter().enumerate() {
            assert!(
                MEANINGS[at + 1..].iter().all(|(other, _)| other != code),
                "{code:#x} stands there twice"
            );
        }
    }
}
