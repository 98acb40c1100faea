// SPDX-License-Identifier: BSD-2-Clause

import Foundation
import Linux
import SystemPackage
import TestSupport
import Testing

@testable import DeclarationFiles

/// What deploy/kubernetes has a node run, run so: by a process with the mounts, the root and the capabilities that the pod is given.
@Suite(Kernel.required) struct KubernetesTests {
    /// A document of deploy/kubernetes.
    @dynamicMemberLookup struct Part {
        let node: Node?

        init(_ node: Node?) { self.node = node }

        init(_ name: String) throws {
            let path = "deploy/kubernetes/\(name)"
            let document = YAMLDocument(try Fixture.bytes(Fixture.root.appending(path)), named: name)
            try #require(document.faults.isEmpty, "\(document.faults)")
            node = document.root
        }

        subscript(dynamicMember key: String) -> Part {
            guard case .mapping(let entries)? = node?.value else { return Part(nil) }
            return Part(entries.first { $0.key == key }?.value)
        }
        var list: [Part] { if case .list(let nodes)? = node?.value { nodes.map { Part($0) } } else { [] } }
        var text: String { if case .text(let text, _)? = node?.value { text } else { "" } }
        var texts: [String] { list.map(\.text) }
        var isThere: Bool { node != nil }
    }

    private static func pod() throws -> Part { try Part("daemonset.yaml").spec.template.spec }

    // MARK: What it says

    /// The pod gets no more than it needs: a line for each that scanners ask for.
    @Test func thePodIsConfined() throws {
        let pod = try Self.pod()
        let container = try #require(pod.containers.list.first)
        #expect(pod.containers.list.count == 1 && !pod.initContainers.isThere)
        #expect(pod.automountServiceAccountToken.text == "false")
        #expect(try Part("serviceaccount.yaml").automountServiceAccountToken.text == "false")
        #expect(!pod.hostPID.isThere && !pod.hostIPC.isThere)
        let context = container.securityContext
        #expect(context.privileged.text == "false" && context.allowPrivilegeEscalation.text == "false")
        #expect(context.readOnlyRootFilesystem.text == "true")
        #expect(context.capabilities.drop.texts == ["ALL"])
        #expect(context.capabilities.add.texts == ["BPF", "NET_ADMIN", "PERFMON"])
        #expect(container.resources.limits.memory.isThere && container.resources.requests.cpu.isThere)
        #expect(pod.volumes.list.map(\.hostPath.path.text).filter { !$0.isEmpty } == ["/sys/fs/bpf"])
    }

    /// Each document of the configuration is mounted, as a file.
    @Test func eachDocumentIsMounted() throws {
        let files = try Part("kustomization.yaml").configMapGenerator.list.flatMap(\.files.texts)
        let mounts = try #require(Self.pod().containers.list.first).volumeMounts.list.filter {
            $0.name.text == "documents"
        }
        #expect(mounts.map(\.subPath.text) == files.map { FilePath($0).lastComponent?.string })
        #expect(
            mounts.allSatisfy { $0.mountPath.text == "/etc/pktmeta.d/\($0.subPath.text)" && $0.readOnly.text == "true" }
        )
    }

    /// The image has what the file copies, all of which is installed.
    private static func copies() throws -> [(from: String, to: String)] {
        let file = String(
            decoding: try Fixture.bytes(Fixture.root.appending("deploy/container/Dockerfile")), as: UTF8.self)
        let lines = file.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.contains(["FROM", "scratch"]))
        return lines.filter { $0.first == "COPY" }.map { ($0[1], $0[2]) }
    }

    /// A container runtime finds the plugin by its name, and calls it without a word.
    @Test func thePluginIsInstalled() throws {
        let folder = try ScratchFolder()
        _ = try Installation("DESTDIR=\(folder.path)", "CNI_BIN_DIR=/opt/cni/bin")
        let plugin = folder.path.appending("opt/cni/bin/pktmeta-cni")
        #expect(Folder.target(ofLink: plugin) == "../../../usr/local/bin/pktmeta")
        let input = try folder.write(Array(#"{"cniVersion": "1.0.0"}"#.utf8), as: "network")
        let said = try ChildProcess.run(["sh", "-c", "CNI_COMMAND=VERSION \(plugin) < \(input)"])
        #expect(said.output == #"{"cniVersion":"1.0.0","supportedVersions":["0.3.1","0.4.0","1.0.0","1.1.0"]}"# + "\n")
    }

    // MARK: What it does

    /// Numbers of linux/capability.h.
    private static let capabilities = ["NET_ADMIN": 12, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39]

    /// Enters a root and runs a program there with just those capabilities, as container runtimes do.
    private static let confine = """
        import ctypes, os, struct, sys
        root, kept = sys.argv[1], [int(number) for number in sys.argv[2].split(",") if number]
        os.chroot(root)
        os.chdir("/")
        libc = ctypes.CDLL(None, use_errno=True)
        PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 23, 24, 38
        for number in range(64):
            if number not in kept and libc.prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1:
                assert libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0
        bits = sum(1 << number for number in kept)
        low, high = bits & 0xffffffff, bits >> 32
        header = struct.pack("Ii", 0x20080522, 0)
        assert libc.capset(header, struct.pack("6I", low, low, 0, high, high, 0)) == 0, os.strerror(ctypes.get_errno())
        assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        os.execve(sys.argv[3], sys.argv[3:], {})
        """

    private static func setup(_ folder: FilePath, _ container: Part) throws -> String {
        let copies = try copies().map {
            "mkdir -p $root\(FilePath($0.to).removingLastComponent()); cp -a image/\($0.from) $root\($0.to)"
        }
        let mounts = container.volumeMounts.list.map { mount in
            let path = mount.mountPath.text
            return mount.name.text == "bpf"
                ? "mount --bind bpf $root\(path)"
                : "touch $root\(path); mount --bind documents/\(mount.subPath.text) $root\(path); mount -o remount,bind,ro $root\(path)"
        }
        return """
            set -e
            cd \(folder)
            root=\(folder)/root
            mkdir root bpf
            mount -t tmpfs -o mode=755 none $root
            mount -t bpf -o mode=700 none bpf
            \(copies.joined(separator: "\n"))
            mkdir -p $root/proc $root/sys $root/dev
            touch $root/dev/null
            mount --bind /dev/null $root/dev/null
            mount -t proc none $root/proc
            mount -t sysfs -o ro none $root/sys
            \(mounts.joined(separator: "\n"))
            mount -o remount,ro $root
            set +e
            with() { capabilities=$1; shift; python3 \(folder)/confine.py $root $capabilities "$@"; }
            ip link set lo up
            ip link add veth0 type veth peer name other0

            """
    }

    @Test func aNodeIsKeptAsDeclared() throws {
        try Kernel.run {
            let container = try #require(Self.pod().containers.list.first)
            let folder = try ScratchFolder()
            _ = try ChildProcess.run(["sh", "-c", "chmod 755 \(folder.path); mkdir \(folder.path)/documents"])
            _ = try Installation("DESTDIR=\(folder.path)/image", "PREFIX=/usr")
            for file in try Part("kustomization.yaml").configMapGenerator.list.flatMap(\.files.texts) {
                let bytes = try Fixture.bytes(Fixture.root.appending("deploy/kubernetes/\(file)"))
                _ = try folder.write(bytes, as: "documents/\(FilePath(file).lastComponent?.string ?? "")")
            }
            _ = try folder.write(Array(Self.confine.utf8), as: "confine.py")
            let numbers = try container.securityContext.capabilities.add.texts.map {
                try #require(Self.capabilities[$0])
            }
            func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }
            let lacking = numbers.map { number in
                "with \(list(numbers.filter { $0 != number })) /usr/bin/pktmeta apply --registry /sys/fs/bpf/other > /dev/null 2>&1"
                    + "; echo \"without \(number): $?\""
            }
            let probe = container.readinessProbe.exec.command.texts.joined(separator: " ")
            // An interface that a node lacks must not have its pod ended.
            #expect(container.startupProbe.exec.command.texts == ["/usr/bin/pktmeta", "inspect-map", "registry"])
            let command = (["/usr/bin/pktmeta"] + container.args.texts).joined(separator: " ")
            let script =
                try Self.setup(folder.path, container) + """
                    pod() { with \(list(numbers)) "$@"; }
                    \(lacking.joined(separator: "\n"))
                    python3 confine.py $root \(list(numbers)) \(command) > follow.log 2>&1 & follower=$!
                    ready() { for i in $(seq 200); do pod \(probe) > probe.log 2>&1; code=$?; [ $code = $1 ] && break; sleep 0.1; done; echo "ready: $code"; }
                    attached() { for i in $(seq 200); do [ $(pod /usr/bin/pktmeta status | grep -c "^$1 ") = 2 ] && break; sleep 0.1; done
                      echo "$1: $(pod /usr/bin/pktmeta status | grep -c "^$1 ")"; }
                    ready 0
                    attached veth0
                    ip link add veth1 type veth peer name other1
                    attached veth1
                    ready 0
                    pod /usr/bin/pktmeta detach-from-interface veth1 --xdp > /dev/null
                    ready 1
                    echo "memory: $(awk '/VmHWM/ { print $2 }' /proc/$follower/status)"
                    kill -TERM $follower; wait $follower; echo "ended: $?"
                    attached veth0
                    cat follow.log probe.log
                    """
            _ = try folder.write(Array(script.utf8), as: "node.sh")
            let output = try ChildProcess.run([
                "timeout", "120", "unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                "bash",
                "\(folder.path)/node.sh",
            ]).output
            let lines = output.split(separator: "\n").map(String.init)
            let expected =
                numbers.map { "without \($0): 77" } + [
                    "ready: 0", "veth0: 2", "veth1: 2", "ready: 0", "ready: 1",
                ]
            #expect(Array(lines.prefix(expected.count)) == expected, "\(output)")
            #expect(lines.contains("ended: 0"), "\(output)")
            let memory = lines.compactMap { $0.hasPrefix("memory: ") ? Int($0.dropFirst(8)) : nil }.first
            let limit = container.resources.limits.memory.text
            #expect(limit.hasSuffix("Mi"))
            let most = try #require(Int(limit.dropLast(2))) << 10
            #expect(try #require(memory, "\(output)") * 4 < most, "\(memory ?? 0) KiB of \(most)")
        }
    }
}
