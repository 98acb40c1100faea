import PacketMetadata
import RegistryModel

let registry = try Registry.openOrCreate(at: "/sys/fs/bpf/tutorial")
