package parquet

import "encoding/binary"

// Types of fields and elements in Thrift's compact protocol.
const (
	kindInt32  = 5
	kindInt64  = 6
	kindText   = 8
	kindList   = 9
	kindStruct = 12
)

// record is a struct being encoded in Thrift's compact protocol. Fields are added in the order of their numbers, which
// are less than 16 apart.
type record struct {
	encoded []byte
	last    int16
}

// end is the whole struct.
func (r *record) end() []byte { return append(r.encoded, 0) }

func (r *record) field(id int16, kind byte) {
	r.encoded = append(r.encoded, byte(id-r.last)<<4|kind)
	r.last = id
}

func (r *record) int32(id int16, n int) {
	r.field(id, kindInt32)
	r.number(int64(n))
}

func (r *record) int64(id int16, n int64) {
	r.field(id, kindInt64)
	r.number(n)
}

func (r *record) text(id int16, text string) {
	r.field(id, kindText)
	r.bytes(text)
}

func (r *record) record(id int16, of record) {
	r.field(id, kindStruct)
	r.element(of)
}

// list begins a list of n elements of a kind, which number, bytes or element then add.
func (r *record) list(id int16, kind byte, n int) {
	r.field(id, kindList)
	if n < 15 {
		r.encoded = append(r.encoded, byte(n)<<4|kind)
	} else {
		r.encoded = binary.AppendUvarint(append(r.encoded, 15<<4|kind), uint64(n))
	}
}

func (r *record) number(n int64) { r.encoded = binary.AppendVarint(r.encoded, n) }

func (r *record) bytes(text string) {
	r.encoded = append(binary.AppendUvarint(r.encoded, uint64(len(text))), text...)
}

func (r *record) element(of record) { r.encoded = append(append(r.encoded, of.encoded...), 0) }
