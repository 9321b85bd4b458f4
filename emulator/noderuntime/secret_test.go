package noderuntime

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestSignaturesAreTheSecretsOwn(t *testing.T) {
	s := NewSecret()
	signature := s.Sign("container", "tb-a.n0")
	if !s.Verify(signature, "container", "tb-a.n0") {
		t.Error("its own signature is refused")
	}
	for name, ok := range map[string]bool{
		"other words":            s.Verify(signature, "container", "tb-a.n1"),
		"words split otherwise":  s.Verify(signature, "containertb-a.n0"),
		"a word more":            s.Verify(signature, "container", "tb-a.n0", ""),
		"another secret":         NewSecret().Verify(signature, "container", "tb-a.n0"),
		"a derived secret":       s.Derive("x").Verify(signature, "container", "tb-a.n0"),
		"cut":                    s.Verify(signature[:62], "container", "tb-a.n0"),
		"empty":                  s.Verify("", "container", "tb-a.n0"),
		"the zero secret's own":  Secret{}.Verify(Secret{}.Sign("x"), "x"),
		"a derivation of others": s.Derive("a") == s.Derive("b"),
	} {
		if ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSecretSurvivesTheJournalAndNoMessage(t *testing.T) {
	s := NewSecret()
	text, err := json.Marshal(map[string]Secret{"secret": s})
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]Secret
	if err := json.Unmarshal(text, &back); err != nil || back["secret"] != s {
		t.Errorf("%v: %v", back, err)
	}
	plain, _ := s.MarshalText()
	for _, message := range []string{
		fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s), fmt.Sprintf("%+v", Spec{Secret: s}),
	} {
		if strings.Contains(message, string(plain)) || strings.Contains(message, fmt.Sprint(s[0], " ", s[1])) {
			t.Errorf("a message shows it: %s", message)
		}
	}
	for _, bad := range []string{`""`, `"AAAA"`, `"!"`, `7`} {
		if err := json.Unmarshal([]byte(bad), new(Secret)); err == nil {
			t.Errorf("%s: accepted", bad)
		}
	}
}
