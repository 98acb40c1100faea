// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
internal import SystemPackage

extension NetworkNamespace {
    /// Runs something in the namespace with that name, or where we are.
    package static func run<Value>(
        in name: String?, _ summary: String, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        guard let name else { return try body() }
        let namespace = try open(name, summary)
        return try namespace.run(name, summary, body)
    }

    private static func open(_ name: String, _ summary: String) throws(PacketMetadataError) -> NetworkNamespace {
        let path = NetworkNamespace.path(named: name)
        do throws(Errno) {
            return try NetworkNamespace(path: path)
        } catch {
            if error == .permissionDenied || error == .notPermitted {
                throw PacketMetadataError(
                    .missingPrivilege, summary, reason: "cannot open the network namespace \(path) (\(error.name))",
                    remedy: "Entering one takes CAP_SYS_ADMIN; that of another user's process, CAP_SYS_PTRACE as well.")
            }
            if error.isScarcity {
                throw PacketMetadataError(error, summary, doing: "open the network namespace \(path)")
            }
            throw PacketMetadataError(
                .notFound, summary, reason: "there is no network namespace at \(path) (\(error.name))",
                remedy: NearestName.question(name, among: NetworkNamespace.names)
                    + "ip netns list shows the named ones.")
        }
    }

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
                let kind = PacketMetadataError.kind(of: errno, or: .badData)
                throw PacketMetadataError(
                    kind, summary, reason: "cannot enter the network namespace \(name) (\(errno.name))",
                    remedy: kind == .missingPrivilege ? "Entering one takes CAP_SYS_ADMIN." : nil)
            }
        }
    }
}
