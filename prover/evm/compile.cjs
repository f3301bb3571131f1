// SPDX-License-Identifier: Apache-2.0
// Compile Solidity: the path of solc's standard JSON input is the only argument, its output goes to stdout.
// solc is taken from the directory that this runs in, and nothing is fetched.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const solc = createRequire(path.join(process.cwd(), "package.json"))("solc");
process.stdout.write(solc.compile(fs.readFileSync(process.argv[2], "utf8")) + "\n");
