// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
internal import SystemPackage

extension NetworkNamespace {
    /// Runs something inside, for a user.
    ///
    /// - Parameters:
    ///   - name: what the user calls the namespace.
    ///   - summary: what was asked for.
    package borrowing func run<Value: ~Copyable>(
        _ name: String, _ summary: String, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        do throws(NamespaceError<PacketMetadataError>) {
            return try run(body)
        } catch {
            switch error {
            case .body(let error): throw error
            case .entering(let errno):
                let kind: PacketMetadataError.Kind = errno == .notPermitted ? .missingPrivilege : .badData
                throw PacketMetadataError(
                    kind, summary, reason: "cannot enter the network namespace \(name) (\(errno.name))",
                    remedy: kind == .missingPrivilege ? "Entering one takes CAP_SYS_ADMIN." : nil)
            }
        }
    }
}
