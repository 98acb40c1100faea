// SPDX-License-Identifier: BSD-2-Clause

internal import Clibbpf

/// The libbpf that this program has.
package enum LibBPF {
    /// `1.1.2`.
    package static var version: String {
        // As `v1.1.2`, in memory that stays.
        let text = unsafe String(cString: libbpf_version_string())
        return String(text.drop { $0 == "v" })
    }
}
