// SPDX-License-Identifier: BSD-2-Clause

internal import ArgumentParser
internal import DeclarationFiles
internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage

struct CNIPlugin: ContextCommand {
    static let configuration = CommandConfiguration(
        commandName: "cni",
        abstract: "Be a container network's plugin: containers get what is declared.",
        discussion: """
            For a container runtime, which calls it by the name \(calledName), behind the plugins that make interfaces (CNI 0.3.1 to \
            1.1.0). It takes no arguments: CNI_COMMAND and the like are in the environment, the network's configuration \
            comes in, and the previous result goes out as it is. In the network's list of plugins:

              {"type": "\(calledName)"}

            Interfaces of the host, such as the host's end of a container's pair, get what documents declare of them; those \
            in the container get what the configuration has. Its keys, all of which may be missing: "declaration", files and \
            folders (default: \(DeclarationOptions.usualFolder)); "registry", a path; "container", a list like "interfaces" of a \
            document, in which an interface without a name is CNI_IFNAME: [{"tc-egress": "scrub"}].

            DEL detaches what was declared, and fails for nothing that is missing. CHECK compares. STATUS says whether documents \
            and registry can be used. GC forgets what is gone. Errors are documents on the output, as the specification has them, \
            with code 100 if something is not as declared, and 100 and the exit code of other commands for what those refuse.
            """)

    /// As runtimes look for it, by the type of a plugin.
    static let calledName = "pktmeta-cni"

    private static let mostBytes = 1 << 20
    /// Other containers are added meanwhile, one after the other.
    private static let patience = Duration.seconds(60)

    func run(in context: Context) throws(PacketMetadataError) { _ = try answer(in: context) }

    func answer(in context: Context) throws(PacketMetadataError) -> Int32 {
        var version = CNIVersion.latest
        do throws(CNIFailure) {
            let verb = try CNICall.verb(context.environment)
            let document = try read()
            if let said = document.version.flatMap(CNIVersion.init(rawValue:)) { version = said }
            if verb == .version {
                context.output(CNIVersionDocument(version: document.version ?? version.rawValue).jsonLine)
                return 0
            }
            version = try CNICall.version(of: document, for: verb)
            try act(CNICall(verb, document, context.environment), in: context)
            return 0
        } catch {
            context.output(CNIErrorDocument(error, version, context.remedies).jsonLine)
            return error.error.kind.exitCode
        }
    }

    private func read() throws(CNIFailure) -> NetworkDocument {
        let bytes: [UInt8]
        do throws(RegularFile.Fault) {
            bytes = try RegularFile.standardInput(upTo: Self.mostBytes)
        } catch {
            switch error {
            case .tooLarge: throw CNIFailure(CNIRefusal.inputTooLong(mostBytes: Self.mostBytes))
            case .system(let errno): throw CNIFailure(CNIRefusal.inputUnreadable(errno))
            case .otherKind: throw CNIFailure(CNIRefusal.inputUnreadable(.invalidArgument))
            }
        }
        do throws(PacketMetadataError) {
            return try NetworkDocument(bytes, named: "(standard input)")
        } catch {
            throw CNIFailure(error, code: .undecodable)
        }
    }

    // MARK: Verbs

    private func act(_ call: CNICall, in context: Context) throws(CNIFailure) {
        do throws(PacketMetadataError) {
            switch call.verb {
            case .add: try add(call, in: context)
            case .check: try check(call, in: context)
            case .delete: try release(call.interfaces, call, in: context)
            case .collect: try release(ContainerInterfaces(ofContainer: [], netns: nil), call, in: context)
            case .status: try askStatus(call, in: context)
            case .version: break
            }
        } catch {
            if let refusal = error.refusal as? CNIRefusal { throw CNIFailure(error, code: refusal.code) }
            throw call.verb == .status ? CNIFailure(error, code: .unavailable) : CNIFailure(error)
        }
    }

    private func add(_ call: CNICall, in context: Context) throws(PacketMetadataError) {
        let whole = try declaration(call)
        let declared = try ContainerDeclaration(whole, container: call.configuration.container, of: call.interfaces)
        if declared.isEmpty {
            let names = call.interfaces.ofHost + call.interfaces.ofContainer
            context.note("nothing is declared of \(names.joined(separator: ", "))")
        } else {
            let reports = try declared.apply(
                at: path(call, whole, in: context), waiting: context.wait(upTo: Self.patience),
                recording: context.record, note: context.note)
            for report in reports {
                if let words = report.fallbackWords { context.note("\(report.place): \(report.hook): \(words)") }
            }
        }
        context.output(call.configuration.previous?.text ?? "")
    }

    private func check(_ call: CNICall, in context: Context) throws(PacketMetadataError) {
        let whole = try declaration(call)
        let declared = try ContainerDeclaration(whole, container: call.configuration.container, of: call.interfaces)
        let (programs, absences) = try declared.differences(
            at: path(call, whole, in: context), waiting: context.wait(upTo: Self.patience))
        if !programs.isEmpty || !absences.isEmpty {
            throw PacketMetadataError(CNIRefusal.notAsDeclared(programs, absences))
        }
    }

    /// What cannot be cleaned up since it is gone or damaged must not keep a container from going.
    private func release(
        _ interfaces: ContainerInterfaces, _ call: CNICall, in context: Context
    ) throws(PacketMetadataError) {
        do throws(PacketMetadataError) {
            // Documents may have gone, or be wrong by now: they only say which registry it is.
            let whole = (try? declaration(call)) ?? HostDeclaration()
            let registry = try Registry.open(
                at: path(call, whole, in: context), for: .write, waiting: context.wait(upTo: Self.patience),
                recording: context.record)
            _ = try registry.release(interfaces)
        } catch {
            switch error.kind {
            case .notFound: break
            case .badData, .unsupported, .incompatibleABI, .taken: context.note(error.message)
            case .usage, .busy, .missingPrivilege, .unfinished, .output, .system, .interrupted: throw error
            }
        }
    }

    /// Whether what is declared could be had: the documents are read, and compared with the registry.
    private func askStatus(_ call: CNICall, in context: Context) throws(PacketMetadataError) {
        var whole = try declaration(call)
        let path = path(call, whole, in: context)
        whole.attachments = []
        _ = try whole.plan(at: path, waiting: context.wait(upTo: Self.patience))
    }

    private func declaration(_ call: CNICall) throws(PacketMetadataError) -> HostDeclaration {
        let documents = call.configuration.documents
        return try DeclarationFiles.read(
            paths: documents.isEmpty ? [FilePath(DeclarationOptions.usualFolder)] : documents)
    }

    private func path(_ call: CNICall, _ whole: HostDeclaration, in context: Context) -> FilePath {
        call.configuration.registry ?? whole.registry.path ?? context.registry(nil)
    }
}
