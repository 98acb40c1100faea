// SPDX-License-Identifier: BSD-2-Clause

internal import Glibc

/// Hands over a NULL-terminated array of C strings, as exec(3) takes arguments, for the time of the call.
func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let strings = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { for index in unsafe strings.indices { unsafe free(strings[index]) } }
    return unsafe strings.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { preconditionFailure("the array has a NULL at least") }
        return unsafe body(start)
    }
}
