// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import RegistryModel
import SystemPackage
import TestSupport
import Testing

@testable import PacketMetadata

/// The plugin of container networks, called as a runtime calls it.
@Suite(Kernel.required) struct CNITests {
    private static let declaration = """
        owner: acme
        fields: {tenant: {type: u32, source: "constant:7"}}
        interfaces: [{name: veth*}]
        """
    private static let programs = [
        "eth0 TC ingress consumer cni", "eth0 XDP producer cni", "veth1 TC ingress consumer acme",
        "veth1 XDP producer acme",
    ]

    @Test func aContainersLife() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            let added = try node.call("ADD", pod)
            #expect(added.status == 0, "\(added.output) \(added.errors)")
            // As it was, to the byte.
            #expect(added.output == pod.result + "\n")
            #expect(try node.attached() == Self.programs)

            // Packets to the container, and from it; somebody listens, so that nothing is answered.
            let atNode = try VethPair.run(in: node.node) { try ReceivingSocket(port: VethPair.port) }
            let inPod = try VethPair.run(in: pod.netns) { try ReceivingSocket(port: VethPair.port) }
            try VethPair.run(in: node.node) {
                let sender = try UDPSender(to: [192, 0, 2, 101], port: VethPair.port)
                for _ in 0..<20 { try sender.send([1, 2, 3]) }
            }
            try VethPair.run(in: pod.netns) {
                let sender = try UDPSender(to: [192, 0, 2, 1], port: VethPair.port)
                for _ in 0..<30 { try sender.send([1, 2, 3]) }
            }
            let state = eventually {
                let run = CommandRun(["inspect-map", "state", "tenant", "--registry", node.registry.path.string])
                return run.output.contains("areas: made 50, found 50")
            }
            _ = (atNode.descriptor, inPod.descriptor)
            #expect(
                state,
                "\(CommandRun(["inspect-map", "state", "tenant", "--registry", node.registry.path.string]).output)")

            let exported = CommandRun(["export", "--registry", node.registry.path.string])
            #expect(exported.exitCode == 0 && !exported.output.contains("cni"), "\(exported.output)")
            #expect(exported.errors.contains("which the container's network declares"), "\(exported.errors)")
            #expect(CommandRun(["export", "--owner", "cni", "--registry", node.registry.path.string]).exitCode == 64)

            let checked = try node.call("CHECK", pod)
            #expect(checked.status == 0 && checked.output == "", "\(checked.output)")
            // Again, which a runtime does not do, changes nothing.
            #expect(try node.call("ADD", pod).status == 0)
            #expect(try node.attached() == Self.programs)
            for _ in 0..<2 {
                let deleted = try node.call("DEL", pod)
                #expect(deleted.status == 0 && deleted.output == "", "\(deleted.output)")
                #expect(try node.attached() == [])
            }
            let gone = try node.call("CHECK", pod)
            #expect(gone.status != 0 && gone.code == 100, "\(gone.output)")
            #expect(gone.message.contains("veth1: XDP: producer: is not attached"), "\(gone.message)")
            #expect(gone.message.contains("eth0: TC ingress: consumer: is not attached"), "\(gone.message)")
        }
    }

    @Test(arguments: ["0.3.1", "0.4.0", "1.0.0", "1.1.0"])
    func eachVersion(version: String) throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            #expect(try node.call("ADD", pod, version: version).status == 0)
            let checked = try node.call("CHECK", pod, version: version)
            #expect(checked.code == (version == "0.3.1" ? 1 : nil), "\(checked.output)")
            for verb in ["STATUS", "GC"] {
                let answer = try node.call(verb, pod, version: version)
                #expect(answer.code == (version == "1.1.0" ? nil : 1), "\(verb): \(answer.output)")
                #expect((answer.error["cniVersion"] as? String) == (version == "1.1.0" ? nil : version))
            }
            #expect(try node.call("DEL", pod, version: version).status == 0)
        }
    }

    /// Somebody has detached one by hand, in the container.
    @Test func whatIsNotAsDeclaredIsSaid() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            #expect(try node.call("ADD", pod).status == 0)
            let detached = try VethPair.run(in: pod.netns) {
                CommandRun(["detach-from-interface", "eth0", "--xdp", "--registry", node.registry.path.string])
            }
            #expect(detached.exitCode == 0, "\(detached.errors)")
            let checked = try node.call("CHECK", pod)
            #expect(checked.status != 0 && checked.code == 100)
            #expect(checked.message == "pktmeta: not as declared: eth0: XDP: producer: is not attached")
            #expect(try node.call("ADD", pod).status == 0)
            #expect(try node.call("CHECK", pod).status == 0)
            // What is declared besides, and is not there yet, does not make a container a bad one.
            try node.declare(Self.declaration.replacing("fields: {", with: "fields: {more: {type: u8}, "))
            #expect(try node.call("CHECK", pod).status == 0)
        }
    }

    /// Without what a runtime may not have any more; what stays by hand is nobody's to detach.
    @Test func aContainerGoesWhateverIsMissing() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            let none = node.configuration(previous: nil)
            var variables = ContainerNode.variables("DEL", pod)
            // No registry yet.
            #expect(try node.call(variables, none).status == 0)
            #expect(try node.call("ADD", pod).status == 0)
            let attach = [
                "attach-to-interface", "eth0", "--join", "--tc-egress", "scrub", "--registry",
                node.registry.path.string,
            ]
            #expect(try VethPair.run(in: pod.netns) { CommandRun(attach) }.exitCode == 0)
            // No previous result: both ends are known by the pair.
            #expect(try node.call(variables, none).status == 0)
            #expect(try node.attached() == ["eth0 TC egress scrub "])

            // No namespace, and the documents are gone.
            #expect(try node.call("ADD", pod).status == 0)
            variables["CNI_NETNS"] = nil
            try node.declare("owner: [")
            #expect(try node.call(variables, none).status == 0)
            #expect(try node.attached().count == 5)
            // The previous result tells the host's end; what is in the namespace goes with it.
            let previous = node.configuration(previous: pod.result)
            #expect(try node.call(variables, previous).status == 0)
            #expect(try node.attached().filter { $0.hasPrefix("veth1") } == [])
            #expect(try node.attached().count == 3)
            try VethPair.run(in: node.node) { try VethPair.ip("link del veth1") }
            #expect(try node.call(variables, none).status == 0)
            #expect(try node.attached() == [])
            variables["CNI_NETNS"] = "/run/netns/pktmeta-nosuch"
            #expect(try node.call(variables, none).status == 0)
        }
    }

    /// An interface that the plugins before should have made.
    @Test func whatIsDeclaredOfNothingIsRefused() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            var variables = ContainerNode.variables("ADD", pod)
            variables["CNI_IFNAME"] = "eth9"
            let inside = try node.call(
                variables, node.configuration(ContainerNode.container, previous: pod.result))
            #expect(inside.code == 166 && inside.message.contains("the interface eth9 is not there"), "\(inside)")
            let gone = pod.result.replacing("\"veth1\"", with: "\"veth9\"")
            let outside = try node.call(
                ContainerNode.variables("ADD", pod), node.configuration(ContainerNode.container, previous: gone))
            #expect(outside.code == 166 && outside.message.contains("the interface veth9 is not there"), "\(outside)")
            #expect(try node.attached().filter { $0.hasPrefix("veth") } == [])
            #expect(try node.call("DEL", pod).status == 0)
            #expect(try node.attached() == [])
        }
    }

    /// A bridge is of all containers.
    @Test func whatIsSharedStays() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration.replacing("veth*}", with: "veth*}, {name: br0}"))
            let pod = try node.pod()
            try VethPair.run(in: node.node) { try VethPair.ip("link add br0 type bridge") }
            let result = pod.result.replacing("\"interfaces\": [", with: "\"interfaces\": [{\"name\": \"br0\"},")
            let input = node.configuration(ContainerNode.container, previous: result)
            let added = try node.call(ContainerNode.variables("ADD", pod), input)
            #expect(added.status == 0, "\(added.output)")
            let shared = try node.attached().filter { $0.hasPrefix("br0 ") }
            #expect(shared.count == 2)
            #expect(try node.call(ContainerNode.variables("DEL", pod), input).status == 0)
            #expect(try node.attached() == shared)
        }
    }

    @Test func statusSaysWhetherContainersCanBeAdded() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let input = node.configuration(version: "1.1.0", previous: nil)
            func status() throws -> ContainerNode.Answer { try node.call(["CNI_COMMAND": "STATUS"], input) }
            #expect(try status().status == 0)
            #expect(!Folder.exists(node.registry.path))
            let other = ["register-field", "tenant", "--type", "u8", "--registry", node.registry.path.string]
            #expect(CommandRun(other).exitCode == 0)
            let taken = try status()
            #expect(taken.code == 50 && taken.message.contains("tenant"), "\(taken.output)")
            try node.declare("owner: acme\nfields: {tenant: {tipe: u8}}\n")
            let wrong = try status()
            #expect(wrong.code == 50 && wrong.message.contains("10-acme.yaml:2:19"), "\(wrong.output)")
        }
    }

    /// As Privileges.md says.
    @Test func whichCapabilitiesItTakes() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            func confined(_ more: String...) -> [String] {
                let set = (["-all", "+bpf", "+net_admin", "+perfmon"] + more).joined(separator: ",")
                return ["setpriv", "--inh-caps", "-all", "--bounding-set", set]
            }
            #expect(try node.call("ADD", pod, "", prefix: confined()).status == 0)
            let refused = try node.call("ADD", pod, prefix: confined())
            #expect(refused.code == 177 && refused.output.contains("CAP_SYS_ADMIN"), "\(refused.output)")
            #expect(try node.call("ADD", pod, prefix: confined("+sys_admin")).status == 0)
            #expect(try node.call("DEL", pod, prefix: confined("+sys_admin")).status == 0)
            #expect(try node.attached() == [])
        }
    }

    /// Runtimes call many at once: the registry's lock orders them.
    @Test func manyContainersAtOnce() async throws {
        let node = try ContainerNode(Self.declaration)
        let pods = try (1...20).map { try node.pod($0) }
        let calls = try ScratchFolder()
        var script = "pids=\n"
        for pod in pods {
            let input = try calls.write(
                Array(node.configuration(ContainerNode.container, previous: pod.result).utf8), as: pod.name)
            let settings = ContainerNode.variables("ADD", pod).map { "\($0)='\($1)'" }.joined(separator: " ")
            script +=
                "env \(settings) \(Fixture.command) cni < \(input) > \(input).out 2> \(input).err & pids=\"$pids $!\"\n"
        }
        script += "for pid in $pids; do wait $pid || echo failed; done\n"
        let outcome = try VethPair.run(in: node.node) { try ChildProcess.run(["sh", "-c", script]) }
        #expect(outcome.output == "")
        #expect(try node.attached().count == 4 * pods.count)
        for pod in pods {
            let output = try Fixture.bytes(calls.path.appending("\(pod.name).out"))
            #expect(String(decoding: output, as: UTF8.self) == pod.result + "\n")
            #expect(try node.call("CHECK", pod).status == 0)
        }
        for pod in pods { #expect(try node.call("DEL", pod).status == 0) }
        #expect(try node.attached() == [])
    }

    /// What was killed half-way is finished by the next command.
    @Test func oneThatIsKilledIsFinished() throws {
        try Kernel.run {
            let node = try ContainerNode(Self.declaration)
            let pod = try node.pod()
            var killed = 0
            for step in 1...12 {
                let answer = try node.call("ADD", pod, prefix: ["timeout", "-s", "KILL", "0.0\(step * 4 + 10)"])
                if answer.status != 0 { killed += 1 }
                #expect(try node.call(step % 2 == 0 ? "DEL" : "ADD", pod).status == 0)
                let attached = try node.attached()
                #expect(attached == (step % 2 == 0 ? [] : Self.programs), "step \(step): \(answer)")
                #expect(try node.call("DEL", pod).status == 0)
            }
            #expect(killed > 0)
        }
    }
}
