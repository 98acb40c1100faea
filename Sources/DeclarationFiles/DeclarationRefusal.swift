// SPDX-License-Identifier: BSD-2-Clause

internal import PacketMetadata
public import RegistryModel

/// Why there is no declaration in documents.
public enum DeclarationRefusal: Refusal {
    /// All that is wrong with them, in their order, up to ``mostFaults``.
    ///
    /// - Parameter more: how many have been left out.
    case faultyDocuments([DocumentFault], more: Int)

    public static let mostFaults = 20

    /// `badData` unless all that is wrong is that files are not there, or may not be read.
    public var kind: PacketMetadataError.Kind {
        switch self {
        case .faultyDocuments(let faults, _):
            Set(faults.map(\.kind)).count == 1 ? faults[0].kind : .badData
        }
    }

    /// - Parameter faults: document by document, as they were found.
    init(_ faults: [DocumentFault]) {
        var order: [String: Int] = [:]
        for fault in faults where order[fault.file] == nil { order[fault.file] = order.count }
        func rank(_ fault: DocumentFault) -> (Int, Int, Int) {
            (order[fault.file] ?? 0, fault.place?.line ?? 0, fault.place?.column ?? 0)
        }
        let sorted = faults.sorted { rank($0) < rank($1) }
        self = .faultyDocuments(
            Array(sorted.prefix(Self.mostFaults)), more: max(0, sorted.count - Self.mostFaults))
    }
}
