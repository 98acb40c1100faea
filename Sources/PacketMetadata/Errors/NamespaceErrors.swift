// SPDX-License-Identifier: BSD-2-Clause

package import Linux
package import RegistryModel
internal import SystemPackage

extension NetworkNamespace {
    /// Runs something in the namespace with that name, or where we are.
    package static func run<Value>(
        in name: String?, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        guard let name else { return try body() }
        return try open(name).run(name, body)
    }

    private static func open(_ name: String) throws(PacketMetadataError) -> NetworkNamespace {
        let path = NetworkNamespace.path(named: name)
        do throws(Errno) {
            let namespace = try NetworkNamespace(path: path)
            // Between ip-netns(8)'s steps, the file is there, and the namespace is not.
            if NetworkNamespace.isUnmounted(path) { throw .noSuchFileOrDirectory }
            return namespace
        } catch {
            if error == .permissionDenied || error == .notPermitted {
                throw PacketMetadataError(NamespaceRefusal.namespaceNotOpened(path, error))
            }
            if error.isScarcity { throw PacketMetadataError(error, doing: "open the network namespace \(path)") }
            throw PacketMetadataError(
                NamespaceRefusal.noSuchNamespace(name, path, error, among: NetworkNamespace.names))
        }
    }

    /// Runs something inside, for a user.
    ///
    /// - Parameters:
    ///   - name: what the user calls the namespace.
    ///   - body: what to run.
    package borrowing func run<Value: ~Copyable>(
        _ name: String, _ body: () throws(PacketMetadataError) -> Value
    ) throws(PacketMetadataError) -> Value {
        do throws(NamespaceError<PacketMetadataError>) {
            return try run(body)
        } catch {
            switch error {
            case .body(let error): throw error
            case .entering(.noFunction):
                throw PacketMetadataError(NamespaceRefusal.namespaceNotEnteredWithoutProc(name))
            case .entering(let errno):
                throw PacketMetadataError(NamespaceRefusal.namespaceNotEntered(name, errno))
            }
        }
    }
}
