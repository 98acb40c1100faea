// SPDX-License-Identifier: BSD-2-Clause

internal import Linux
internal import PacketMetadata
internal import RegistryModel
internal import SystemPackage
internal import Testbed

extension CommandRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .badArguments(let fault): fault
        case .noSuchField(let name, let path, _): "the registry \(path) has no field \(name)"
        case .damagedFields(let problem): "it is damaged: \(problem.words)"
        case .damagedSlots(let slots):
            "it is damaged: what is in slot\(slots.count == 1 ? "" : "s") "
                + "\(slots.map(String.init).joined(separator: ", ")) makes no sense"
        case .noInterfaces: "the namespace has no interface but the loopback"
        case .interfacesNotListed(let errno): "cannot list interfaces (\(errno.name))"
        case .binaryToTerminal: "it is binary, and the output is a terminal"
        case .fileNotWritten(let errno): errno.withName
        case .noSingleKeys(let errno): "the terminal does not give single keys (\(errno.name))"
        case .notOneOwner(let owners): "a document has one owner, and there are \(owners.joined(separator: ", "))"
        case .noSuchOwner(let owner, _): "nothing of it is \(owner)'s"
        case .packetNotSent(let errno): "cannot send a packet (\(errno.name))"
        case .packetsNotArrived(let found, let all): "only \(found) of \(all.of("packet")) arrived in 5 s"
        }
    }

    var remedy: String? {
        switch self {
        case .noSuchField(let text, _, let fields):
            InspectionView(rawValue: text).map { view in
                "The view goes before the names: pktmeta inspect-map \(view.rawValue) NAME."
            } ?? NearestName.question(
                text, among: fields.map(\.text) + InspectionView.allCases.map(\.rawValue))
                + "pktmeta inspect-map registry lists its fields."
        case .damagedFields, .damagedSlots: "pktmeta inspect-map registry lists all damage."
        case .notOneOwner: "Name one by --of: a file each, in one folder, are one declaration."
        case .noSuchOwner(let owner, let owners):
            NearestName.question(owner, among: owners) + "Owners are \(owners.joined(separator: ", "))."
        case .binaryToTerminal: "Name a file, or redirect the output."
        case .noSingleKeys: "Put the output into a pipe: ... --watch | cat."
        case .badArguments, .noInterfaces, .interfacesNotListed, .fileNotWritten, .packetNotSent, .packetsNotArrived:
            nil
        }
    }
}

extension TestbedRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .namespaceNotMade(let errno):
            "cannot make a network namespace (\(errno.name))"
                + (errno == .notPermitted ? "; it takes CAP_SYS_ADMIN" : "")
        case .interfaceNotUp(let name, let said): "\(name) does not come up: \(said)"
        case .commandFailed(let command, let said): "\(command): \(said)"
        case .interrupted(let signal): "signal \(signal)"
        }
    }

    var remedy: String? {
        switch self {
        case .commandFailed: "This uses iproute2: apt-get install iproute2."
        case .interrupted: "All that it made is removed."
        case .namespaceNotMade, .interfaceNotUp: nil
        }
    }
}

extension ProgramRefusal: RefusalWords {
    var reason: String {
        switch self {
        case .programNotInstalled(let name, let folders, let other):
            "\(name), a program of its own, is not installed in any of "
                + folders.map(\.string).joined(separator: ", ")
                + (other.map { "; \($0) belongs neither to root nor to the owner of this program" } ?? "")
        }
    }

    var remedy: String? {
        "make release, in pktmeta's sources, builds pktmeta and pktmeta-bench: install both in one folder."
    }
}
