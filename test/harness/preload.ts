/** Before any test: the git configuration and identity of whoever runs the tests is out of sight. */
for (const name of ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"]) delete process.env[name];
process.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
process.env["GIT_CONFIG_NOSYSTEM"] = "1";
