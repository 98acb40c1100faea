import PacketMetadata
import RegistryModel

let registry = try Registry.openOrCreate(at: "/sys/fs/bpf/tutorial")

let tenant = try FieldDefinition(
    name: FieldName("tenant"), type: .u32, source: FieldSource("constant:7", type: .u32), owner: "tutorial")
let seenAt = try FieldDefinition(
    name: FieldName("seen_at"), type: .u64, source: FieldSource("ktime", type: .u64), owner: "tutorial")
for definition in [tenant, seenAt] {
    let (field, isNew) = try registry.register(definition)
    print(field.name, field.id, isNew ? "is new" : "was there")
}

let interface = "eth0"
for report in try registry.attach(AttachmentRequest(), to: [interface]) {
    print(report.place, report.hook, report.program, report.outcome)
}

let earlier = try registry.inspect()
try await Task.sleep(for: .seconds(1))
let now = try registry.inspect()
let rates = now.rates(since: earlier)
for entry in now.fields {
    let perSecond = rates[entry.field.id]?.got ?? 0
    print(entry.field.name, entry.state?.got ?? 0, "in all,", perSecond, "a second")
}

var request = WatchRequest()
request.filter.conditions = [try PacketFilter.Condition("tenant=7")]
var watched = 0
for try await event in try registry.watch(request, on: [interface]) {
    switch event {
    case .packet(let packet):
        print("packet of", packet.length, "bytes:", packet.fields.map { "\($0.name)=\($0.value)" })
        watched += 1
    case .dropped(let count):
        print(count, "packets dropped")
    }
    if watched == 3 { break }
}
