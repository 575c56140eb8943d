/** Proves that public paths are those that clients were built with, by every one of them that is known. */
import test from 'ava'
import { CONNECT_PATH, publicPath } from '../../../src/protocols/afrodite/paths.ts'

const KNOWN: readonly (readonly [string, string])[] = [
  ['/common_api/version', '0E_N3KS0gI2PPBujveMhHLv292Y'],
  ['/common_api/connect', '6qQZ2jQO5exMKFI2jCzGAdMysxE'],
  ['/account_api/demo_mode_login', 'TYbxniP-G9ibgdoAkpvVWTKkxaU'],
  ['/account_api/demo_mode_confirm_login', '3KlEajKOIo1Drd3uW-IzQ1L3qlE'],
  ['/account_api/demo_mode_accessible_accounts', 'xyG8kH6eLanLiKYXdnOx1xxeAdA'],
  ['/account_api/demo_mode_register_account', 'oDv1gK4Y6nMrPgEo5nArQAckh6Q'],
  ['/account_api/demo_mode_login_to_account', 'sBH-LyNGOOFXivrv5clCpNrkwcA'],
  ['/account_api/sign_in_with_login', 'ijts6B4AAg_6Dyjhaw85iBnw5Bo'],
  ['/account_api/logout', 'g2UxTGqbCXXzUsALaE6udVrIh2U'],
  ['/account_api/delete', '_aiEAY0WZCquNl_WQ5fDORGuHwA'],
  ['/account_api/state', 'C9sCP6O2IfIBQCu8LM1_SCybuW0'],
  ['/account_api/settings/profile_visibility', 'yG0OQXcMed-EGdvhSoq3qlXTYQc'],
  ['/account_api/settings/unlimited_likes', 'oKbgnRxyzLb50Y2_ZCuLJYtEIcM'],
  ['/account_api/account_data', 'Ln3_j2LpJIbQABKwnMMhUEtio5k'],
  ['/account_api/account_setup', 'RNb6qhf_lZU8t6kOm5kQY7Y34ok'],
  ['/account_api/complete_setup', 'VzPyCXS5Hx50SbAApdpUYfCY-Iw'],
  ['/account_api/latest_birthdate', 'Hg2W1drXZ94YVp3Uh38hnQzYIng'],
  ['/account_api/next_client_id', 'b5kd4x8_ybr1Rj_tprU5BxF_xGo'],
  ['/profile_api/my_profile', 'iu25rmmvUzADXhW5SsP_DBGY2_w'],
  ['/profile_api/available_profile_attributes', '_lqy4YCINbw_RCxebKLGXdDq2AM'],
  ['/profile_api/location', 'lf5KMD9dBSVuaVcwjm4TB0d7bfY'],
  ['/profile_api/search_groups', 'p1KA-sqKKtU3FHvUqYRZnQgj7RQ'],
  ['/profile_api/search_age_range', 'xTy-zcnl0LQlfPKQalAEnWQQ-rw'],
  ['/chat_api/received_likes', 'eEB4pq6DGUYlMVAYwPCm2RT5HP0'],
  ['/chat_api/received_blocks', 'hjP9LovH2kBxnbwWKSyVgFL4o58'],
  ['/chat_api/sent_likes', 'pTybb424uGsXvCyOLljsPujVe5Y'],
  ['/chat_api/sent_blocks', '3qT3qSKKzXHjo8LGEphwMLF8vjk'],
  ['/chat_api/matches', 'kzySqAe9qYi69MoCBnFGKdn76-Q'],
  ['/chat_api/pending_messages', '7sKe87sefWrLYS0JvbPS10_F8oc'],
  ['/chat_api/set_device_token', 'CBoGGZ4HDW0REbM6SxasDCvXJNM'],
  ['/chat_api/get_pending_notification', 'MhQXhJMKgrUh0s95FueOgalQg-o'],
  ['/headwater_api/link', 'ZO8ITaid1_2-LDnSvqWobknPkoo'],
]

test('every path that is known', (t) => {
  for (const [name, hash] of KNOWN) t.is(publicPath(name), `/${hash}`, name)
  t.is(CONNECT_PATH, '/6qQZ2jQO5exMKFI2jCzGAdMysxE')
})

test('a parameter at the end stays readable', (t) => {
  t.is(publicPath('/common_api/version/{x}'), '/0E_N3KS0gI2PPBujveMhHLv292Y/{x}')
})
