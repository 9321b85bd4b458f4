package inside

import "testing"

func TestHostsAreLookedUpInFilesFirst(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "\nhosts: files dns\n",
		"passwd: files\n":                "passwd: files\nhosts: files dns\n",
		"hosts: files dns":               "hosts: files dns",
		"hosts:\tfiles   dns\n":          "hosts:\tfiles   dns\n",
		"# hosts: x\n hosts : nis\nx: y": "# hosts: x\nhosts: files dns\nx: y",
		"hosts: mdns4_minimal [NOTFOUND=return] files\nnetworks: files\n": "hosts: files dns\nnetworks: files\n",
		"hosts: files sss # comment\n":                                    "hosts: files dns\n",
	} {
		if got := lookUpInFiles(text); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
}
