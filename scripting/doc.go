// Package scripting runs scenarios: Lua 5.1 files that declare a machine and processes and say what the
// processes do. It loads a scenario (Load), runs it on the simulated kernel (Scenario.Run) and describes its
// language (API, Manual, LuaLS).
//
// What holds throughout:
//
//   - The language is one table, API. The Lua functions, the checks of their arguments, the suggestions in
//     error messages, the reference manual and the editor's definitions are all made from it. A name that has
//     no Go function yet answers with an error that says so.
//   - A script is a guest. It has no file, no clock, no environment variable and no address of the host; it
//     can load Lua text from the scenario's own folder and nothing else. Its steps, its stack, its strings and
//     its memory are bounded.
//   - Only one script runs at a time. Every simulated process that runs Lua has a Lua thread of its own, and
//     runs it on the goroutine of its engine process; so a function called from Lua may block anywhere, in
//     pcall, a metamethod, an iterator or a sort callback as well.
//   - A panic that ends a process (exit, a deadly signal, the end of the run) passes through every protected
//     call of the script: only Lua errors can be caught in Lua.
//   - The same scenario, parameters and seed give the same bytes. No host address or time reaches a script.
//   - Every error that a user can cause is an *Error, with the file and line of the scenario where that is
//     known.
package scripting
