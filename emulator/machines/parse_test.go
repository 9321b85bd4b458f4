package machines_test

import (
	"strings"
	"testing"

	"testbed/emulator/machines"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{ // NAME=SHARE of each machine, or a part of the error
		"3":                                  "machine-1=1 machine-2=1 machine-3=1",
		" 1 ":                                "machine-1=1",
		"swarm":                              "",
		"a,b=2":                              "a=1 b=2",
		"ssh://a,ssh://me@b:2222=2.5":        "a=1 b=2.5",
		"ssh://[::1]:22":                     "::1=1",
		"unix:///run/docker.sock=0.5,lab-01": "unix:///run/docker.sock=0.5 lab-01=1",
		"unix:///run/a=b=2":                  "unix:///run/a=b=2",
	} {
		s, err := machines.Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		var got []string
		for i := range s.Machines {
			m := &s.Machines[i]
			got = append(got, m.Name+"="+strings.TrimSuffix(strings.TrimRight(number(m.Share()), "0"), "."))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %v instead of %s", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"":                       "empty",
		"0":                      "not between 1 and 64",
		"65":                     "not between 1 and 64",
		"a,a":                    "given twice",
		"a,,b":                   "no name",
		"a=":                     "weight",
		"a=0":                    "weight",
		"a=-1":                   "weight",
		"a=NaN":                  "weight",
		"a=Inf":                  "weight",
		"a=0x1p3":                "weight",
		"swarm=2":                "stands alone",
		"a,swarm":                "stands alone",
		"-oProxyCommand":         "is not a name",
		"a b":                    "is not a name",
		"ssh://-oProxyCommand=x": "weight",
		"ssh://-oProxyCommand":   "begin with none of these",
		"ssh://-l@a":             "begin with none of these",
		"ssh://a;reboot":         "begin with none of these",
		"ssh://me:secret@a":      "password",
		"ssh://a/run/x.sock":     "path",
		"ssh://a:0":              "port",
		"ssh://a:":               "port",
		"ssh://":                 "no host",
		"ssh://a?x":              "more than",
		"ssh://a%20b":            "is not a URL",
		"unix://run/docker.sock": "absolute path",
		"unix:///run/../x":       "absolute path",
		"tcp://a:2375":           "TLS",
		"ftp://a":                "no way",
		"ssh:a":                  "more than",
	} {
		if _, err := machines.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, which does not say %q", text, err, want)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v tells a secret", text, err)
		}
	}
}
