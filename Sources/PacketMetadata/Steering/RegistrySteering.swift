// SPDX-License-Identifier: BSD-2-Clause

internal import BPF
internal import Linux
internal import PktmetaABI
public import RegistryModel
internal import SystemPackage

extension Registry {
    /// Loads and pins a program that picks the socket of an SO_REUSEPORT group by a field, for applications to attach it
    /// (`SO_ATTACH_REUSEPORT_EBPF`); or finds it there just so, and opens it to the group that is asked for.
    ///
    /// - Returns: whether it was not there yet.
    /// - Throws: `notFound` if there is no such field; `usage` if the field is neither an integer nor a flag; `taken` if there
    ///   is another steering of that name; `missingPrivilege`.
    public func createSteering(
        _ request: SteeringRequest
    ) throws(PacketMetadataError) -> (steering: Steering, isNew: Bool) {
        try changingSteerings(.createSteering(request.name.text)) { (image, store) throws(PacketMetadataError) in
            let survey = try store.survey()
            try refuseIfDamaged(survey, request.name)
            let found = survey.sound.first { $0.name == request.name }
            guard let field = image.field(named: request.field) else {
                throw PacketMetadataError(
                    RegistryRefusal.noSuchField(request.field, path, among: image.fields.map(\.name)))
            }
            let record: SteeringRecord
            if let found {
                record = found.record
                try refuseIfOther(found.record, request, image)
                if let group = request.group, try store.share(found.folders, with: group) {
                    pins.record(.steeringCreated(request.name.text, field, sockets: request.sockets, group: group))
                }
            } else {
                record = try make(request, field, image, store)
            }
            return (Steering(request.name, record, store.folders(of: request.name), image), found == nil)
        }
    }

    private func make(
        _ request: SteeringRequest, _ field: RegisteredField, _ image: RegistryImage, _ store: SteeringStore
    ) throws(PacketMetadataError) -> SteeringRecord {
        guard SteeringRecord.canSteer(by: field.type) else {
            throw PacketMetadataError(SteeringRefusal.notANumber(field.name, field.type))
        }
        let record = SteeringRecord(request, field, createdAt: Clock.realtime)
        let object = try ProgramLoader(ObjectFile(.steer), image: image, isStrict: true).load(
            [PrebuiltObject.steer.name], in: self, [PKTMETA_STEERING_VARIABLE: record.bytes]
        ) { (object) throws(BPFError) in
            try object.resize(PKTMETA_STEERING_SOCKETS_MAP, to: request.sockets)
        }
        try store.add(request.name, record, object, sharedWith: request.group)
        pins.record(.steeringCreated(request.name.text, field, sockets: request.sockets, group: request.group))
        return record
    }

    /// - Throws: `badData` if what is pinned by that name is none: only ``repair()`` removes what it cannot read.
    private func refuseIfDamaged(_ survey: SteeringStore.Survey, _ name: SteeringName) throws(PacketMetadataError) {
        guard let damaged = survey.damaged.first(where: { $0.folders.entry.name == name.text }) else { return }
        throw PacketMetadataError(SteeringRefusal.damagedSteering(damaged.damage, of: path))
    }

    private func refuseIfOther(
        _ record: SteeringRecord, _ request: SteeringRequest, _ image: RegistryImage
    ) throws(PacketMetadataError) {
        let isFieldGone = !image.fields.contains { $0.id == record.id }
        if record.field == request.field, record.sockets == request.sockets, !isFieldGone { return }
        throw PacketMetadataError(
            SteeringRefusal.steeringTaken(
                request.name, field: record.field, isFieldGone: isFieldGone, sockets: record.sockets))
    }

    /// Takes the sockets out of a steering, so that groups that have its program get the kernel's choice from then on, and
    /// removes its pins.
    ///
    /// - Returns: what it was.
    /// - Throws: `notFound`; `unfinished` if it is gone, and some of its pins are not.
    public func deleteSteering(_ name: SteeringName) throws(PacketMetadataError) -> Steering {
        try changingSteerings(.deleteSteering(name.text)) { (image, store) throws(PacketMetadataError) in
            let survey = try store.survey()
            try refuseIfDamaged(survey, name)
            let all = survey.sound
            guard let found = all.first(where: { $0.name == name }) else {
                throw PacketMetadataError(SteeringRefusal.noSteering(name, path, among: all.map(\.name)))
            }
            let steering = Steering(found.name, found.record, found.folders, image)
            do throws(PacketMetadataError) {
                try store.remove(found.folders)
            } catch {
                guard (try? found.folders.entry.exists()) == false else {
                    guard steering.filledSockets.map({ $0 > 0 }) ?? true, found.folders.isEmpty else { throw error }
                    throw error.unfinished(.deleteSteering(name.text), .emptiedSteering(name.text, in: path))
                }
                pins.record(.steeringDeleted(name.text))
                throw error.unfinished(.deleteSteering(name.text), .deletedSteering(name.text, from: path))
            }
            pins.record(.steeringDeleted(name.text))
            return steering
        }
    }

    /// The steerings of this registry, and what is pinned among them and cannot be read until ``repair()`` has removed it.
    /// Takes no lock and changes nothing.
    public func steerings() throws(PacketMetadataError) -> (sound: [Steering], damaged: [DamagedSteering]) {
        let image = try image()
        let survey = try SteeringStore(pins).survey()
        return (
            survey.sound.map { Steering($0.name, $0.record, $0.folders, image) }.sorted { $0.name < $1.name },
            survey.damaged.map(\.damage)
        )
    }

    /// Under the lock, once what killed processes left is finished.
    private func changingSteerings<Result>(
        _ action: Action, _ body: (RegistryImage, SteeringStore) throws(PacketMetadataError) -> Result
    ) throws(PacketMetadataError) -> Result {
        try pins.locked { () throws(PacketMetadataError) in
            let image: RegistryImage
            do throws(PacketMetadataError) {
                try refuseIfReplaced()
                try recover()
                image = try self.image()
                try refuseIfDamaged(image)
            } catch {
                throw error.keeping(from: action)
            }
            return try doing(action) { () throws(PacketMetadataError) in try body(image, SteeringStore(pins)) }
        }
    }
}

extension Steering {
    fileprivate init(
        _ name: SteeringName, _ record: SteeringRecord, _ folders: SteeringFolders, _ image: RegistryImage
    ) {
        self.name = name
        (field, type, sockets) = (record.field, record.type, record.sockets)
        isFieldGone = !image.fields.contains { $0.id == record.id }
        createdAt = record.createdAt
        pins = folders.entry.path
        group = (try? folders.group).flatMap(\.self)
        groupName = group.flatMap(GroupLookup.name(of:))
        programID = try? BPFProgram(pinnedAt: folders.program, readOnly: true).id
        filledSockets = try? BPFMap(pinnedAt: folders.sockets, readOnly: true).filledElements
        ownValues = try? BPFMap(pinnedAt: folders.values, readOnly: true).entryCount
        counts = (try? BPFMap(pinnedAt: folders.counts, readOnly: true).values(at: 0)).map(SteeringCounts.init(perCPU:))
    }
}

extension SteeringCounts {
    fileprivate init(perCPU values: [[UInt8]]) {
        let all = values.map { decode($0, as: pktmeta_steering_counts.self) }
        self.init(
            steered: all.reduce(0) { $0 + $1.steered }, noField: all.reduce(0) { $0 + $1.no_field },
            noSocket: all.reduce(0) { $0 + $1.no_socket })
    }
}
