module pktmeta

go 1.19
