// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testbed
import Testing

@testable import PacketMetadata

/// A host on which a container runtime calls the plugin, as the runtime does: by its name, with variables and a configuration.
final class ContainerNode {
    /// What the plugin answered.
    struct Answer {
        let status: CInt
        let output: String
        let errors: String

        /// Of an error.
        var error: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(output.utf8))) as? [String: Any] ?? [:]
        }
        var code: Int? { error["code"] as? Int }
        var message: String { error["msg"] as? String ?? output }
    }

    /// A container with the pair that a plugin such as bridge has made.
    final class Pod {
        let name: String
        let netns: NetworkNamespace
        let hostEnd: String
        let address: String

        /// - Parameter number: from 1 on.
        init(_ number: Int, on node: borrowing NetworkNamespace) throws {
            name = "pod\(number)"
            hostEnd = "veth\(number)"
            address = "192.0.2.\(100 + number)"
            netns = try VethTopology.namespace()
            let mac = number < 16 ? "0" + String(number, radix: 16) : String(number, radix: 16)
            try VethTopology.join(
                VethEnd(hostEnd, mac: "02:00:00:00:01:\(mac)", address: "192.0.2.1"), in: node,
                to: VethEnd("eth0", mac: "02:00:00:00:02:\(mac)", address: address), in: netns)
            folder = try ScratchFolder()
            path = try folder.write([], as: "netns").string
            let mount = try ChildProcess.run(["mount", "--bind", "/proc/\(ProcessID.current)/fd/\(netns.fd.raw)", path])
            try #require(mount.status == 0, "\(mount.output)")
        }

        deinit { _ = try? ChildProcess.run(["umount", path]) }

        /// Where the namespace is mounted, as runtimes do it.
        let path: String
        private let folder: ScratchFolder

        /// As the plugin `bridge` would print it, with keys that nobody knows, and numbers and escapes of all kinds.
        var result: String {
            """
            {"cniVersion" : "1.0.0", "interfaces": [ {"name": "\(hostEnd)", "mac": "02:00:00:00:01:01", "mtu": 1500},
              {"name":"eth0","sandbox":"\(path)"}], "ips":[{"address":"\(address)\\/24","interface":1}],
              "x-exact": [1.0, 1e2, 12345678901234567890, -0, "\\ud83d\\ude00 \\u00e9 é"], "dns":{}}
            """
        }
    }

    let registry = ScratchRegistry()
    let documents: ScratchFolder
    private let files: ScratchFolder
    private let plugin: String
    let node: NetworkNamespace

    /// - Parameters:
    ///   - declaration: what documents say.
    init(_ declaration: String) throws {
        documents = try ScratchFolder()
        files = try ScratchFolder()
        for folder in [documents, files] {
            // Root goes by no document in a folder that others may write to.
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path.string)
        }
        node = try VethTopology.namespace()
        plugin = files.path.appending("pktmeta-cni").string
        try FileManager.default.createSymbolicLink(atPath: plugin, withDestinationPath: Fixture.command)
        try declare(declaration)
    }

    func declare(_ text: String) throws {
        _ = try documents.write(Array(text.utf8), as: "10-acme.yaml")
        let file = documents.path.appending("10-acme.yaml").string
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
    }

    func pod(_ number: Int = 1) throws -> Pod { try Pod(number, on: node) }

    /// What a runtime hands over, of this node's documents and registry.
    ///
    /// - Parameters:
    ///   - more: further members.
    ///   - previous: as text; nil for none.
    func configuration(version: String = "1.0.0", _ more: String = "", previous: String?) -> String {
        let result = previous.map { ", \"prevResult\": \($0)" } ?? ""
        return """
            {"cniVersion": "\(version)", "name": "net", "type": "pktmeta-cni", "capabilities": {"x": true},
             "declaration": "\(documents.path)", "registry": "\(registry.path)"\(more)\(result)}
            """
    }

    /// - Parameter prefix: a command that runs it.
    func call(
        _ variables: [String: String], _ input: String, prefix: [String] = []
    ) throws -> Answer {
        let call = try ScratchFolder()
        let (stdin, errors) = (try call.write(Array(input.utf8), as: "in"), call.path.appending("errors").string)
        let script = "exec env -i \"$@\" < '\(stdin)' 2> '\(errors)'"
        let settings = variables.map { "\($0)=\($1)" }.sorted()
        let outcome = try VethPair.run(in: node) {
            try ChildProcess.run(["sh", "-c", script, "sh"] + settings + prefix + [plugin])
        }
        return Answer(
            status: outcome.status, output: outcome.output,
            errors: String(decoding: try Fixture.bytes(FilePath(errors)), as: UTF8.self))
    }

    static let container = ", \"container\": [{\"xdp\": \"prebuilt\", \"tc\": \"prebuilt\"}]"

    static func variables(_ verb: String, _ pod: Pod) -> [String: String] {
        [
            "CNI_COMMAND": verb, "CNI_CONTAINERID": pod.name, "CNI_NETNS": pod.path, "CNI_IFNAME": "eth0",
            "CNI_PATH": "/opt/cni/bin", "CNI_ARGS": "IgnoreUnknown=1",
        ]
    }

    /// For a pod, as a runtime calls it.
    func call(
        _ verb: String, _ pod: Pod, version: String = "1.0.0", _ more: String = ContainerNode.container,
        prefix: [String] = []
    ) throws -> Answer {
        try call(
            Self.variables(verb, pod), configuration(version: version, more, previous: pod.result), prefix: prefix)
    }

    /// What stands, by its interface and its hook.
    func attached() throws -> [String] {
        guard Folder.exists(registry.path) else { return [] }
        return try VethPair.run(in: node) {
            try AttachmentStore(Registry.open(at: registry.path, for: .read).pins).attachments().flatMap { attachment in
                attachment.members.map { member in
                    "\(attachment.record.site.place) \(attachment.record.hook) \(member.record.program) "
                        + "\(member.record.owner)"
                }
            }.sorted()
        }
    }
}
