# mmfunc in the words of libhugetlbfs. Only node and npm must be there.
#
#   make func                       all cases in the model
#   make func TARGETS="thp cow"     only these areas, tags or names
#   make func VARIANT=v4.5          under this variant
#   make func KERNEL=debian:6.1     on this kernel, booted in QEMU
#   make func KERNEL=host           on the running kernel, as root
#   make funcv                      say every point, as V=1 does
#   make check                      the tests of mmfunc itself
#   make bench                      how fast it is, into reports/bench.md
#   make mutants                    wrong changes to the modelled kernel that no case notices
#   make mutants FILES=harness/model/mm/swap.ts
#   make locks                      locks of mlock and of the split, left out one by one: who notices
#   make promote                    what the cases give now is what they shall give

sources := $(sort $(shell find harness -name '*.ts'))
mmfunc := node dist/harness/cli/main.js
verbose := $(if $(filter 1,$(V)),--verbose)
quiet := $(if $(filter 1,$(V)),,@)

.PHONY: func funcv check bench mutants locks promote FORCE

func: dist/.built
	$(quiet)$(mmfunc) run $(TARGETS) $(VARIANT:%=--variant %) $(KERNEL:%=--kernel %) $(verbose)

funcv:
	$(quiet)$(MAKE) --no-print-directory func V=1

check: dist/.built
	$(quiet)node_modules/.bin/biome ci .
	$(quiet)node_modules/.bin/tap

bench: dist/.built
	$(quiet)node dist/harness/cli/bench/bench.js

mutants: dist/.built
	$(quiet)node dist/harness/cli/mutants/mutants.js $(FILES)

locks: dist/.built
	$(quiet)node dist/harness/cli/mutants/mutants.js --locks $(FILES)

promote: dist/.built
	$(quiet)node dist/harness/cli/promote.js

dist/.built: node_modules/.package-lock.json dist/.sources tsconfig.json $(sources)
	@echo '  TSC     dist' >&2
	$(quiet)node_modules/.bin/tsc -p tsconfig.json
	@touch $@

# A source that has gone must not leave its old output behind.
dist/.sources: FORCE
	@mkdir -p dist
	@echo '$(sources)' | cmp -s - $@ || { rm -rf dist && mkdir dist && echo '$(sources)' >$@; }

node_modules/.package-lock.json: package-lock.json
	@echo '  NPM     node_modules' >&2
	$(quiet)npm ci --no-progress --loglevel=error
	@touch $@
