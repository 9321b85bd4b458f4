package faas

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"strings"
)

// page is the distance, in bytes, between the words that a new version changes: enough to tell versions
// apart, and cheap for large states, which are summed anyway.
const page = 4096

// castagnoli is constant, and computed in hardware where there is any. Most nodes never need it, and making it takes a
// tenth of the time of a node's start.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once, by the package

// checksum is a content's CRC-32C.
func checksum(data []byte) uint32 { return crc32.Checksum(data, castagnoli()) }

// seedOf is what a state's content depends on besides its version.
func seedOf(key string) uint64 {
	key, _, _ = strings.Cut(key, "@") // a state that has moved stays what it is
	h := fnv.New64a()
	h.Write([]byte(key))
	return h.Sum64()
}

// mix is splitmix64's output function.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fill writes the content of version 0.
func fill(data []byte, seed uint64) {
	i := 0
	for ; i+8 <= len(data); i += 8 {
		binary.LittleEndian.PutUint64(data[i:], mix(seed+uint64(i)))
	}
	for ; i < len(data); i++ {
		data[i] = byte(mix(seed + uint64(i)))
	}
}

// change turns the content of version-1 into that of version.
func change(data []byte, seed uint64, version int64) {
	for i := 0; i < len(data); i += page {
		odd := mix(seed^uint64(version)<<32^uint64(i)) | 1 // odd: adding it changes the lowest byte at least
		if i+8 <= len(data) {
			binary.LittleEndian.PutUint64(data[i:], binary.LittleEndian.Uint64(data[i:])+odd)
			continue
		}
		data[i] += byte(odd)
	}
}

// intact reports whether data is what the state of that key and version contains. buffer has data's size.
func intact(data, buffer []byte, key string, version int64) bool {
	seed := seedOf(key)
	fill(buffer, seed)
	for v := int64(1); v <= version; v++ {
		change(buffer, seed, v)
	}
	return string(buffer) == string(data)
}
