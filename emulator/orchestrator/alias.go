package orchestrator

import "strings"

// aliases are second names of stations whose own are no host names as the internet's software wants them (letters,
// digits, hyphens and dots): rpi3-0 for rpi3_0. A station whose alias would be another's name or alias, or whose name
// needs none, has an empty one.
func aliases(stations []Station) []string {
	taken := map[string]int{"localhost": 2, "ip6-localhost": 2}
	all := make([]string, len(stations))
	for i, s := range stations {
		taken[strings.ToLower(s.Name)]++
		if all[i] = hyphened(s.Name); all[i] == s.Name {
			all[i] = ""
		} else {
			taken[strings.ToLower(all[i])]++
		}
	}
	for i, alias := range all {
		if taken[strings.ToLower(alias)] > 1 {
			all[i] = ""
		}
	}
	return all
}

// hyphened is a name with hyphens for what no host name has, and none at the ends.
func hyphened(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, name), "-")
}
