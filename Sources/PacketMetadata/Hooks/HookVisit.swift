// SPDX-License-Identifier: BSD-2-Clause

internal import Linux

extension Hook {
    /// Calls a closure with each hook of each interface of each network namespace that this process finds, in that
    /// namespace.
    ///
    /// - Parameter body: is handed the namespace's cookie last.
    static func visitAll(_ body: (Hook, NetworkInterface, UInt64) -> Void) {
        NetworkNamespace.visitAll {
            guard let cookie = try? NetworkNamespace.currentCookie(), let interfaces = try? NetworkInterface.all()
            else { return }
            for interface in interfaces {
                for hook in all(of: .interface) { body(hook, interface, cookie) }
            }
        }
    }
}
