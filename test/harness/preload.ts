/** Runs before all tests: hides the user's git configuration and identity. */
for (const name of ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"]) delete process.env[name];
process.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
process.env["GIT_CONFIG_NOSYSTEM"] = "1";
