# One line of the wire contract.

# JSON with every character beyond ASCII written as \uXXXX: no console code page can hurt it.
function ConvertTo-LustrumAscii {
    param([string]$Json)
    $foreign = @{}
    foreach ($match in [regex]::Matches($Json, '[^\x00-\x7e]')) { $foreign[[string]$match.Value] = $true }
    # A hashtable of texts would merge letters that differ in case only, so each is checked
    # again until none is left.
    while ($foreign.Count -gt 0) {
        foreach ($letter in @($foreign.Keys)) {
            $Json = $Json.Replace([string]$letter, ('\u{0:x4}' -f [int][char]$letter))
        }
        $foreign = @{}
        foreach ($match in [regex]::Matches($Json, '[^\x00-\x7e]')) { $foreign[[string]$match.Value] = $true }
    }
    return $Json
}

# The FullyQualifiedErrorId and its company; texts are in the host's language and only for people.
function Get-LustrumError {
    param($Faults)
    $first = @($Faults)[0]
    if ($null -eq $first) { return $null }
    return [pscustomobject]@{
        id       = [string]$first.FullyQualifiedErrorId
        category = [string]$first.CategoryInfo.Category
        message  = [string]$first.Exception.Message
        count    = @($Faults).Count
    }
}

# Writes and flushes one record. $Json is $null for a record without payload.
function Write-LustrumRecord {
    param([string]$Collector, [int]$Seq, [string]$Status, $Json, [int]$Rows, [int]$VmIds, [long]$Ms, $Fault)
    $packed = $null
    $raw = $null
    $crc32 = $null
    $enc = $null
    if ($null -ne $Json -and $LustrumFull) {
        $bytes = [System.Text.Encoding]::UTF8.GetBytes([string]$Json)
        $memory = New-Object System.IO.MemoryStream
        $zip = New-Object -TypeName System.IO.Compression.GZipStream -ArgumentList $memory, ([System.IO.Compression.CompressionMode]::Compress), $true
        $zip.Write($bytes, 0, $bytes.Length)
        $zip.Close()
        $zipped = $memory.ToArray()
        # RFC 1952: the last eight bytes are CRC-32 and length of what went in, little-endian.
        $crc32 = '{0:x8}' -f [System.BitConverter]::ToUInt32($zipped, $zipped.Length - 8)
        $raw = $bytes.Length
        if ($LustrumAsked.gzip) {
            $enc = 'gzip+base64'
            $packed = [System.Convert]::ToBase64String($zipped)
        } else {
            $enc = 'base64'
            $packed = [System.Convert]::ToBase64String($bytes)
        }
    } elseif ($null -ne $Json) {
        $packed = ConvertTo-LustrumAscii -Json $Json
        $raw = $packed.Length
        $enc = 'json'
    }
    $records = $null
    if ($Collector -eq 'end') { $records = $global:LustrumRecords }
    # A clock that was set back meanwhile.
    if ($Ms -lt 0) { $Ms = 0 }
    # Whole at once: Constrained Language may not set properties afterwards.
    $head = [pscustomobject]@{
        collector = $Collector
        seq       = $Seq
        status    = $Status
        rows      = $Rows
        vm_ids    = $VmIds
        ms        = $Ms
        raw       = $raw
        crc32     = $crc32
        enc       = $enc
        source    = $LustrumSources[$Collector]
        error     = $Fault
        records   = $records
    }
    $line = '@@lustrum1 ' + (ConvertTo-LustrumAscii -Json (ConvertTo-Json -InputObject $head -Depth 3 -Compress))
    if ($null -ne $packed) { $line = $line + ' ' + $packed }
    $global:LustrumRecords = $global:LustrumRecords + 1
    if ($LustrumFull) {
        [System.Console]::Out.WriteLine($line)
        [System.Console]::Out.Flush()
    } else {
        $line
    }
}
