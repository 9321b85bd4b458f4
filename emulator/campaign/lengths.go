package campaign

// lengthSums adds up a replication's chains by length, in the same room for all replications.
type lengthSums struct {
	lengths []int             // that there are
	short   []lengthSum       // by length
	long    map[int]lengthSum // of those that are too long for a slice
}

// lengthSum is the sum of the chains of one length.
type lengthSum struct {
	chains          int
	weight, network float64
}

// longest is the length up to which sums are in a slice. Anybody's rows may say a larger one.
const longest = 1024

func (s *lengthSums) add(length int, weight, network float64) {
	if length < 0 || length >= longest {
		if s.long == nil {
			s.long = map[int]lengthSum{}
		}
		at := s.long[length]
		s.addTo(&at, length, weight, network)
		s.long[length] = at
		return
	}
	for length >= len(s.short) {
		s.short = append(s.short, lengthSum{})
	}
	s.addTo(&s.short[length], length, weight, network)
}

func (s *lengthSums) addTo(at *lengthSum, length int, weight, network float64) {
	if at.chains == 0 {
		s.lengths = append(s.lengths, length)
	}
	at.chains++
	at.weight += weight
	at.network += float64(weight * network) // not fused
}

// take gives the sums of a length, and sets them to 0.
func (s *lengthSums) take(length int) (sum lengthSum) {
	if length < 0 || length >= longest {
		sum = s.long[length]
		delete(s.long, length)
		return sum
	}
	sum, s.short[length] = s.short[length], lengthSum{}
	return sum
}
