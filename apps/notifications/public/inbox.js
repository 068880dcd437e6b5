/** @import {Notice} from '../src/notices/notice.ts' */

/** How many notices are kept: as many as the server keeps, so that both drop the same. */
const CAPACITY = 50

/** What is in the pigeonhole: made of a snapshot, and kept by events. Each may come twice, and changes nothing then. */
export class Inbox {
  /** @type {readonly Notice[]} in the order of their coming */
  notices = []
  /** New notices that came by themselves, not in a snapshot. */
  received = 0

  get unread() {
    return this.notices.filter(({ isRead }) => !isRead).length
  }

  /** @param {readonly Notice[]} notices */
  replace(notices) {
    this.notices = notices.slice(-CAPACITY)
  }

  /**
   * @param {Notice} notice
   * @returns {boolean} whether it is new
   */
  put(notice) {
    if (this.notices.some(({ id }) => id === notice.id)) return false
    this.notices = [...this.notices, notice].slice(-CAPACITY)
    this.received += 1
    return true
  }

  /** @param {readonly string[]} ids */
  read(ids) {
    this.notices = this.notices.map((notice) => (ids.includes(notice.id) ? { ...notice, isRead: true } : notice))
  }
}
