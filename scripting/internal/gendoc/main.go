// Command gendoc writes the language's reference manual and the editor's definitions into a folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"mmsim/scripting"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gendoc FOLDER")
		os.Exit(2)
	}
	for name, text := range map[string]string{"reference.md": scripting.Manual(), "mmsim.d.lua": scripting.LuaLS()} {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gendoc:", err)
			os.Exit(1)
		}
	}
}
