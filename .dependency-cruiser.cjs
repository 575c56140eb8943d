/** Facts flow one way round the circle: these rules are docs/architecture.md as code. */
const rule = (name, from, to) => ({ name, severity: 'error', from: { path: from }, to: { path: to } })
/** The same for modules of Node. */
const core = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: to, dependencyTypes: ['core'] },
})

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    rule(
      'domain-is-pure',
      '^src/domain',
      '^(src/(?!domain|json|canonical-json|uuid|limits|crypto/(?!create-))|projections)',
    ),
    rule('crypto-knows-nobody', '^src/crypto', '^(src/(?!crypto/|json|uuid|limits)|projections)'),
    core('domain-uses-no-node', '^src/domain', '.'),
    core('crypto-uses-only-crypto', '^src/crypto', '^(?!(node:)?crypto$)'),
    rule('crypto-is-pure', '^src/crypto/(?!create-)', '^src/crypto/create-'),
    rule(
      'projections-are-pure',
      '^projections',
      '^src/(?!domain|json|crypto/hashes|projecting/projection|documents/port|history/port|limits)',
    ),
    rule(
      'ports-know-nobody-above',
      '^src/(history|documents|vault|embedded)',
      '^(src/(commands|queries|live|projecting|protocols|http|domain)|projections)',
    ),
    rule('protocols-do-not-know-each-other', '^src/protocols/([^/]+)/', '^src/protocols/(?!$1)'),
    rule(
      'nothing-below-knows-a-protocol',
      '^src/(?!protocols|node|roles/(api|connectycube))',
      '^src/protocols',
    ),
    rule(
      'protocols-use-no-adapter',
      '^src/protocols',
      '^src/(history|documents|vault)/(embedded|memory|mongodb|eventstoredb)',
    ),
    // Who wrote the tree does not check it.
    rule(
      'the-verifier-is-a-program-of-its-own',
      '^src/verifying',
      '^(src/(proofs|canonical-json)|node_modules/canonicalize)',
    ),
    rule('the-writer-knows-no-verifier', '^src/proofs', '^src/verifying'),
    rule('nobody-imports-tests', '^(src|projections|scripts)', '^test'),
    rule('src-does-not-import-scripts', '^(src|projections)', '^scripts'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
